namespace FlameEdge.Benchmarks.Rounds;

/// <summary>What a case gave, round by round.</summary>
internal sealed record RoundFigures
{
    /// <summary>What was played.</summary>
    public required RoundCase Case { get; init; }

    /// <summary>From one durable round of the top aggregator to the next, in seconds.</summary>
    public required IReadOnlyList<double> Seconds { get; init; }

    /// <summary>Floor rounds, before and after ours, in seconds.</summary>
    public required IReadOnlyList<double> FloorSeconds { get; init; }

    /// <summary>Processor seconds of the top aggregator's process.</summary>
    public required IReadOnlyList<double> AggregatorCpuSeconds { get; init; }

    /// <summary>Processor seconds of all worker processes.</summary>
    public required IReadOnlyList<double> WorkersCpuSeconds { get; init; }

    /// <summary>Processor seconds of the broker.</summary>
    public required IReadOnlyList<double> BrokerCpuSeconds { get; init; }

    /// <summary>Bytes over the loopback.</summary>
    public required IReadOnlyList<double> LoopbackBytes { get; init; }

    /// <summary>Bytes over the loopback from the first connect to the end of the last round.</summary>
    public required long LoopbackBytesInAll { get; init; }

    /// <summary>Segments over the loopback.</summary>
    public required IReadOnlyList<double> LoopbackPackets { get; init; }

    /// <summary>Workers counted in the last round, those of middle aggregators included.</summary>
    public required int Counted { get; init; }

    /// <summary>SHA-256 of the last model.</summary>
    public required string Model { get; init; }

    /// <summary>The most memory the top aggregator's process held.</summary>
    public required long AggregatorPeakBytes { get; init; }

    /// <summary>The most memory any process of trainers held.</summary>
    public required long TrainerPeakBytes { get; init; }

    /// <summary>Median of our rounds over the median of the floor; NaN where there is no floor.</summary>
    public double Ratio => Median(Seconds) / Median(FloorSeconds);

    /// <summary>The middle value; NaN of none.</summary>
    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? double.NaN : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
