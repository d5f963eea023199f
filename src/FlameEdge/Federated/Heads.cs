using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;

namespace FlameEdge.Federated;

/// <summary>Head of a <see cref="MessageKind.Model"/>: the terms of the round. The body is the model.</summary>
internal sealed record ModelHead
{
    /// <summary>The aggregator's run: another run is another history.</summary>
    public required string Run { get; init; }

    /// <summary>SHA-256 of the model's values, as they are once read.</summary>
    public required string Base { get; init; }

    /// <summary>SHA-256 of the model that the body is a change of; null where the body is the whole model.</summary>
    public string? Against { get; init; }

    /// <summary>Seconds left to answer, on the reader's own clock from arrival.</summary>
    public required double RemainingSeconds { get; init; }

    /// <summary>Which of a worker's requests for this model it is, in an asynchronous job; 0 elsewhere.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Ticket { get; init; }

    /// <summary>The coordinator's plan the round goes by; 0 where nobody coordinates.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Plan { get; init; }

    /// <summary>Rows of this loss or more are worth training on, nats; null without a sampler.</summary>
    public double? LossThreshold { get; init; }

    /// <summary>Seconds left of the deadline that a sampler chooses rows for, the way back included; null where there is none.</summary>
    public double? PaceSeconds { get; init; }

    public required int StepExponent { get; init; }

    public required long WeightLimit { get; init; }

    public required float LargestValue { get; init; }

    [JsonIgnore]
    public SumStep Step => new(StepExponent, WeightLimit, LargestValue);
}

/// <summary>Head of a <see cref="MessageKind.Update"/>: what the delta in the body was made of.</summary>
internal sealed record UpdateHead
{
    public required string Run { get; init; }

    /// <summary>SHA-256 of the model the delta starts from.</summary>
    public required string Base { get; init; }

    /// <summary>The ticket of the request it answers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Ticket { get; init; }

    /// <summary>The plan of that request.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Plan { get; init; }

    /// <summary>Seconds it trained, waiting for a processor included; null where nobody goes by it.</summary>
    public double? Trained { get; init; }

    /// <summary>The delta's weight: samples, or 1 where the job's optimizer counts clients alike.</summary>
    public required long Samples { get; init; }

    /// <summary>Mean training loss, nats.</summary>
    public double? Loss { get; init; }

    /// <summary>Mean of the squared losses of its rows under the model it received; null where nobody chooses by it.</summary>
    public double? SquaredLoss { get; init; }

    /// <summary>The losses a sampler steers by; null without one.</summary>
    public Sampling.FedBalancerReport? Sampled { get; init; }

    /// <summary>Which attempt at the round a masked update belongs to; null for a plain one.</summary>
    public string? Attempt { get; init; }

    /// <summary>True where verdicts of workers below travel ahead as a <see cref="MessageKind.Report"/>.</summary>
    public bool HasReport { get; init; }
}

/// <summary>Head of a <see cref="MessageKind.Verdict"/>: the receiver's answer, which alone says that an update was taken.</summary>
internal sealed record VerdictHead(string Answer, string? Reason)
{
    /// <summary>Answers to a worker that sent nothing: it takes no part in this round; or others were faster, and its work on the round is pointless.</summary>
    public const string NotSelected = "not selected", NotNeeded = "not needed";

    /// <summary>Seconds that the model and the update were on their way, for a client whose sampler goes by it; null elsewhere.</summary>
    public double? OnTheWay { get; init; }
}

/// <summary>Head of a <see cref="MessageKind.End"/>.</summary>
internal sealed record EndHead(string Run, string State, string? Reason);

/// <summary>JSON of the heads, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelHead))]
[JsonSerializable(typeof(UpdateHead))]
[JsonSerializable(typeof(VerdictHead))]
[JsonSerializable(typeof(EndHead))]
[JsonSerializable(typeof(StoredUpdate))]
[JsonSerializable(typeof(OutboxEntry))]
[JsonSerializable(typeof(Checkpoint))]
[JsonSerializable(typeof(Privacy.SecureMessage))]
[JsonSerializable(typeof(Privacy.PrivacySpent))]
[JsonSerializable(typeof(Selection.SelectionState))]
[JsonSerializable(typeof(Sampling.SamplingState))]
[JsonSerializable(typeof(Coordination.CoordinationMessage))]
[JsonSerializable(typeof(Coordination.CoordinatorState))]
[JsonSerializable(typeof(Coordination.FollowedPlan))]
[JsonSerializable(typeof(MiddleBuffer))]
[JsonSerializable(typeof(SnapshotHead))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
[JsonSerializable(typeof(RoundResult))]
[JsonSerializable(typeof(List<WorkerVerdict>))]
internal sealed partial class FederatedJson : JsonSerializerContext
{
    public static byte[] Write<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);

    /// <exception cref="PayloadException">The bytes are not the JSON of a <typeparamref name="T"/>.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new PayloadException($"null where a {typeof(T).Name} was expected");
        }
        catch (JsonException error)
        {
            throw new PayloadException($"not a {typeof(T).Name}: {error.Message}", error);
        }
    }
}
