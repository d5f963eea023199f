namespace FlameEdge.Federated.Coordination;

/// <summary>What a coordinator decided last and what it knows: durable before anybody hears of a decision, so that a killed coordinator goes on with the same one.</summary>
internal sealed record CoordinatorState
{
    /// <summary>The run it belongs to: another one knows nothing.</summary>
    public required string Run { get; init; }

    /// <summary>The round it was last asked for.</summary>
    public int Round { get; init; }

    /// <summary>The round its plan was made for.</summary>
    public int Decided { get; init; }

    /// <summary>The plan's number, growing; a plan that stays the same keeps it.</summary>
    public int Plan { get; init; }

    /// <summary>Trainers of each aggregator that takes part.</summary>
    public IReadOnlyDictionary<string, List<string>> Assignment { get; init; } = new Dictionary<string, List<string>>(StringComparer.Ordinal);

    /// <summary>By aggregator.</summary>
    public IReadOnlyDictionary<string, KnownAggregator> Aggregators { get; init; } = new Dictionary<string, KnownAggregator>(StringComparer.Ordinal);

    /// <summary>By trainer.</summary>
    public IReadOnlyDictionary<string, KnownTrainer> Trainers { get; init; } = new Dictionary<string, KnownTrainer>(StringComparer.Ordinal);
}

/// <summary>What is known of an aggregator.</summary>
internal sealed record KnownAggregator
{
    /// <summary>Seconds it is busy with an average update; null before it was measured.</summary>
    public double? Pace { get; init; }

    /// <summary>Seconds its group took last; null before it was measured.</summary>
    public double? Seconds { get; init; }

    /// <summary>Times in a row it was left out.</summary>
    public int Strikes { get; init; }

    /// <summary>The first round it may take part in again.</summary>
    public int From { get; init; }

    /// <summary>Why it stands as it does, for people.</summary>
    public string Why { get; init; } = "not measured yet";
}

/// <summary>What is known of a trainer.</summary>
internal sealed record KnownTrainer
{
    /// <summary>Seconds it trains.</summary>
    public double Trained { get; init; }

    /// <summary>Bytes it moves in a round.</summary>
    public double Bytes { get; init; }

    /// <summary>Bytes a second to the aggregator it had last, waiting included.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>By aggregator: seconds its way there takes beyond what the others of the group take.</summary>
    public IReadOnlyDictionary<string, double> Excess { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Seconds into a round at which its update could be with an aggregator. One it was never with is expected to be as near as the nearest.</summary>
    public double ReadyAt(string aggregator) => Trained + (Excess.TryGetValue(aggregator, out var excess) ? excess : Excess.Values.DefaultIfEmpty().Min());
}
