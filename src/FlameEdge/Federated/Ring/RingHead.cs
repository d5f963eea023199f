using System.Text.Json.Serialization;
using FlameEdge.Rounds;

namespace FlameEdge.Federated.Ring;

/// <summary>Head of a <see cref="Channels.MessageKind.Ring"/>: one step of the agreement, and where its sender stands.</summary>
internal sealed record RingHead
{
    /// <summary>To the coordinator: where I stand, and whether my change is ready.</summary>
    public const string Here = "here";

    /// <summary>To all: say where you stand.</summary>
    public const string Call = "call";

    /// <summary>To a member that is further: hand me what you stand on.</summary>
    public const string Want = "want";

    /// <summary>What the sender stands on, in the body.</summary>
    public const string State = "state";

    /// <summary>The same of a model that has just come from above, to be passed on to the next member.</summary>
    public const string Pass = "pass";

    /// <summary>From the coordinator: these members, named with their weights in the body, sum now.</summary>
    public const string Begin = "begin";

    /// <summary>To the right neighbour: a range of the sum, in the body.</summary>
    public const string Part = "part";

    /// <summary>To the coordinator: my sum is whole and has this hash.</summary>
    public const string Done = "done";

    /// <summary>To the coordinator: what my left neighbour sent cannot be taken.</summary>
    public const string Broken = "broken";

    /// <summary>From the coordinator: all sums are the same, and this, in the body, is what comes of it.</summary>
    public const string Commit = "commit";

    /// <summary>What it says.</summary>
    public required string Kind { get; init; }

    /// <summary>Where the sender stands.</summary>
    public required RingStanding Standing { get; init; }

    /// <summary>Which try at a sum it is about; in <see cref="Here"/> the newest its sender has heard of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Order { get; init; }

    /// <summary>Counts what its sender said of itself: a later word holds, whichever comes first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Number { get; init; }

    /// <summary>Who coordinates that try.</summary>
    public string? Coordinator { get; init; }

    /// <summary>The step of the schedule a part belongs to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Step { get; init; }

    /// <summary>SHA-256 of a whole sum, or of what a commit leads to.</summary>
    public string? Hash { get; init; }

    /// <summary>The run a commit belongs to: the first one names it.</summary>
    public string? Run { get; init; }

    /// <summary>The sender's weight.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Samples { get; init; }

    /// <summary>True where its change is ready to be summed.</summary>
    public bool IsReady { get; init; }

    /// <summary>Why it has no change that could be summed.</summary>
    public string? Refusal { get; init; }

    /// <summary>Mean training loss, nats.</summary>
    public double? Loss { get; init; }
}

/// <summary>JSON of the ring's messages, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RingHead))]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(List<RoundResult>))]
[JsonSerializable(typeof(List<WorkerVerdict>))]
internal sealed partial class RingJson : JsonSerializerContext;
