namespace FlameEdge.Federated.Sampling;

/// <summary>FedBalancer's constants; the defaults are those its authors recommend.</summary>
public sealed record FedBalancerSettings
{
    /// <summary>w: rounds between two adjustments, at least 1.</summary>
    public int Window { get; init; } = 20;

    /// <summary>lss: step of the loss threshold's ratio, in [0, 1].</summary>
    public double LossStep { get; init; } = 0.05;

    /// <summary>dss: step of the deadline's ratio, in [0, 1].</summary>
    public double DeadlineStep { get; init; } = 0.05;

    /// <summary>E: local epochs of a full round, at least 1.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>p: share of a client's samples taken from those above the threshold, in [0, 1].</summary>
    public double HardShare { get; init; } = 1;
}
