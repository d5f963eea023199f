using System.Text.Json.Serialization;

namespace FlameEdge.Rounds;

/// <summary>How a round ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RoundOutcome>))]
public enum RoundOutcome
{
    /// <summary>A quorum was counted and the model moved.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>The deadline passed below quorum; the model stayed as it was.</summary>
    [JsonStringEnumMemberName("no-quorum")]
    NoQuorum,
}

/// <summary>The record of a round: all that is needed to judge it, and to repeat it.</summary>
public sealed record RoundResult
{
    /// <summary>From 1.</summary>
    public required int Round { get; init; }

    /// <summary>How it ended.</summary>
    public required RoundOutcome Outcome { get; init; }

    /// <summary>Accuracy of the new model on the evaluation data, in [0, 1]; null without such data.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Mean cross-entropy of the new model on the evaluation data, nats.</summary>
    public double? Loss { get; init; }

    /// <summary>Sample-weighted mean of the losses the counted workers reported, nats.</summary>
    public double? TrainingLoss { get; init; }

    /// <summary>ε spent so far, at the job's δ; null in a job without privacy.</summary>
    public double? Epsilon { get; init; }

    /// <summary>Euclidean norm of the new model's values.</summary>
    public double Norm { get; init; }

    /// <summary>Samples behind the counted updates.</summary>
    public long Samples { get; init; }

    /// <summary>Wall seconds from distribution to commit.</summary>
    public double Seconds { get; init; }

    /// <summary>Bytes that came up to the top aggregator.</summary>
    public long BytesUp { get; init; }

    /// <summary>Bytes that went down from it; a broadcast counts once.</summary>
    public long BytesDown { get; init; }

    /// <summary>Updates as they were counted, before and after their codec.</summary>
    public PayloadBytes UpdateBytes { get; init; } = new(0, 0);

    /// <summary>Models as they were sent, before and after their codec; a broadcast counts once.</summary>
    public PayloadBytes ModelBytes { get; init; } = new(0, 0);

    /// <summary>SHA-256 of the model the workers started from: the former round's, as the codec carried it down.</summary>
    public required string Base { get; init; }

    /// <summary>SHA-256 of the model it ended with.</summary>
    public required string Model { get; init; }

    /// <summary>log2 of the exact sum's step.</summary>
    public int StepExponent { get; init; }

    /// <summary>The total weight the step was made for.</summary>
    public long WeightLimit { get; init; }

    /// <summary>One verdict for every worker of the plan that could send an update, sorted by worker.</summary>
    public required IReadOnlyList<WorkerVerdict> Verdicts { get; init; }
}
