using System.Text.Json.Serialization;

namespace FlameEdge.Rounds;

/// <summary>What became of a worker in a round.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>Its update is in the model.</summary>
    [JsonStringEnumMemberName("counted")]
    Counted,

    /// <summary>It was there, but its update was not complete by the deadline.</summary>
    [JsonStringEnumMemberName("late")]
    Late,

    /// <summary>It left, or its device was lost, before its update was complete.</summary>
    [JsonStringEnumMemberName("left")]
    Left,

    /// <summary>It was never there in this round.</summary>
    [JsonStringEnumMemberName("absent")]
    Absent,

    /// <summary>Its update was whole but not acceptable; the reason says why.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>The aggregator between it and the top was not counted, so nothing of it reached the model.</summary>
    [JsonStringEnumMemberName("unheard")]
    Unheard,

    /// <summary>It was not to take part in this round.</summary>
    [JsonStringEnumMemberName("not-selected")]
    NotSelected,

    /// <summary>More were chosen than the round needed, and others were faster.</summary>
    [JsonStringEnumMemberName("surplus")]
    Surplus,
}

/// <summary>A worker's verdict in a round.</summary>
public sealed record WorkerVerdict
{
    /// <summary>Who.</summary>
    public required string Worker { get; init; }

    /// <summary>What became of it.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why it was not counted; null for counted.</summary>
    public string? Reason { get; init; }

    /// <summary>The weight of its update; 0 where none was counted.</summary>
    public long Samples { get; init; }

    /// <summary>Its mean training loss in nats, as it said; null where it said none.</summary>
    public double? Loss { get; init; }

    /// <summary>Steps the model had made since the one its update started from, in an asynchronous job; null elsewhere.</summary>
    public int? Staleness { get; init; }

    /// <summary>The aggregator that judged it, where that is not the top one.</summary>
    public string? Via { get; init; }
}
