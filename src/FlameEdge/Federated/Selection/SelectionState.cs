using System.Text.Json.Serialization;

namespace FlameEdge.Federated.Selection;

/// <summary>What an aggregator knows of its workers, and whom it chose last. Durable before the chosen hear of it, so that a killed aggregator goes on with the same ones.</summary>
internal sealed record SelectionState
{
    /// <summary>The run it belongs to: another one knows nothing.</summary>
    public required string Run { get; init; }

    /// <summary>The round the choice is for.</summary>
    public int Round { get; init; }

    /// <summary>The request of the round, below an asynchronous top; else 0.</summary>
    public int Ticket { get; init; }

    /// <summary>Number of the choice, from 1: what the draw depends on beside the seed.</summary>
    public int Number { get; init; }

    /// <summary>The chosen ones, first chosen first.</summary>
    public IReadOnlyList<string> Chosen { get; init; } = [];

    /// <summary>Updates the round is to have.</summary>
    public int Goal { get; init; }

    /// <summary>True once what the round showed is in <see cref="Known"/>.</summary>
    public bool IsLearned { get; init; }

    /// <summary>By worker.</summary>
    public IReadOnlyDictionary<string, KnownWorker> Known { get; init; } = new Dictionary<string, KnownWorker>(StringComparer.Ordinal);

    /// <summary>T, as Oort's pacer left it; null for another selector.</summary>
    public double? PreferredSeconds { get; init; }

    /// <summary>Utility achieved in the last rounds, as far back as Oort's pacer looks.</summary>
    public IReadOnlyList<double>? Achieved { get; init; }
}

/// <summary>What rounds have shown of a worker.</summary>
internal sealed record KnownWorker
{
    /// <summary>Mean training loss when it was last counted, nats.</summary>
    public double? Loss { get; init; }

    /// <summary>Mean of its rows' squared losses when it was last counted.</summary>
    public double? SquaredLoss { get; init; }

    /// <summary>Time of its last round, at least so much where it did not come to an end.</summary>
    public double? Seconds { get; init; }

    /// <summary>Bytes of the model it was sent and of its update.</summary>
    public long? Bytes { get; init; }

    /// <summary>Number of the last choice it was among.</summary>
    public int? LastRound { get; init; }

    /// <summary>How many times it was chosen.</summary>
    public int TimesSelected { get; init; }
}

/// <summary>What a worker's part in a round took.</summary>
/// <param name="Seconds">From the model's sending to the whole update.</param>
/// <param name="Bytes">Of model and update, as their codecs wrote them.</param>
/// <param name="Trained">Of the seconds, what it says it trained; 0 where nobody goes by it.</param>
internal sealed record Effort(double Seconds, long Bytes, double Trained = 0)
{
    /// <summary>Of the seconds, those it did not train.</summary>
    [JsonIgnore]
    public double OnTheWay => Seconds - Math.Clamp(Trained, 0, Seconds);
}
