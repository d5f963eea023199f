using System.Text.Json.Serialization;
using FlameEdge.Federated.Ring;
using FlameEdge.Rounds;

namespace FlameEdge.Federated.Hybrid;

/// <summary>What a member of a group stands on: the model of a round, or, once its group has summed, the group's part in the round.</summary>
internal sealed record GroupHolding
{
    public const string Collection = "groups";

    /// <summary>Models taken and parts made so far, which a new run above does not set back.</summary>
    public required RingStanding Standing { get; init; }

    /// <summary>The round, as the aggregator counts.</summary>
    public required int Round { get; init; }

    /// <summary>What the aggregator said with the model.</summary>
    public required ModelHead Terms { get; init; }

    /// <summary>What goes up with the group's mean; null while the holding is the model.</summary>
    public UpdateHead? Part { get; init; }

    /// <summary>What became of every member; null while the holding is the model.</summary>
    public List<WorkerVerdict>? Report { get; init; }

    /// <summary>The blob of the mean, where it is kept; null on the wire.</summary>
    public string? Blob { get; init; }

    /// <summary>True for what answers this request.</summary>
    public bool Answers(ModelRequest request) => Round == request.Round && Terms.Run == request.Head.Run && Terms.Base == request.Head.Base && Terms.Ticket == request.Head.Ticket;
}

/// <summary>What the leader tells with a whole sum.</summary>
internal sealed record GroupPart(UpdateHead Head, List<WorkerVerdict> Report);

/// <summary>JSON of a group's holdings, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GroupHolding))]
[JsonSerializable(typeof(GroupPart))]
internal sealed partial class HybridJson : JsonSerializerContext;
