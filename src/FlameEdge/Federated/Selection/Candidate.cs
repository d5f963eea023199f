using FlameEdge.Topology;

namespace FlameEdge.Federated.Selection;

/// <summary>What a server knows of a client that could take part in the next round. What it does not know yet is null.</summary>
public sealed record Candidate
{
    /// <summary>Who it is.</summary>
    public required WorkerId Worker { get; init; }

    /// <summary>Rows of its data, at least 1.</summary>
    public long Samples { get; init; } = 1;

    /// <summary>Mean loss of the present (or the last known) global model on its data, nats.</summary>
    public double? Loss { get; init; }

    /// <summary>Mean of the squared losses of its samples when it last took part.</summary>
    public double? MeanSquareLoss { get; init; }

    /// <summary>How long a round of it takes, expected or measured: both transfers and the training.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The last round it took part in, from 1.</summary>
    public int? LastRound { get; init; }

    /// <summary>How many times it was chosen.</summary>
    public int TimesSelected { get; init; }

    /// <summary>What its part in a round costs, in the budget's unit: bytes on a metered link, joules of a battery.</summary>
    public double Cost { get; init; }
}
