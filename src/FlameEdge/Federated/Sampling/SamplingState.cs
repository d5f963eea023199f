namespace FlameEdge.Federated.Sampling;

/// <summary>What an aggregator's sampler knows. Durable with the round that showed it, so that a killed aggregator goes on with the same threshold and deadline.</summary>
internal sealed record SamplingState
{
    /// <summary>The run it belongs to: another one knows nothing.</summary>
    public required string Run { get; init; }

    /// <summary>The last round that was learned from.</summary>
    public int Round { get; init; }

    /// <summary>The request of that round, below an asynchronous top; else 0.</summary>
    public int Ticket { get; init; }

    /// <summary>Threshold and deadline.</summary>
    public FedBalancerState Control { get; init; } = new(0, 1, 0, 0, []);

    /// <summary>By worker.</summary>
    public IReadOnlyDictionary<string, ClientSpeed> Speeds { get; init; } = new Dictionary<string, ClientSpeed>(StringComparer.Ordinal);
}

/// <summary>How fast a client was when it was last counted, seconds.</summary>
/// <param name="Transfer">Of model and update on their way.</param>
/// <param name="Epoch">Of one pass over the rows it chose.</param>
internal sealed record ClientSpeed(double Transfer, double Epoch);
