using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>Which of its rows a client learns from in a round (docs/algorithms.md). Defaults are those the method's authors recommend.</summary>
public sealed record SamplerSpec
{
    /// <summary>The kind: rows of large loss, as many as fit a deadline that moves.</summary>
    public const string FedBalancer = "fedbalancer";

    /// <summary><c>fedbalancer</c>.</summary>
    public string Kind { get; init; } = FedBalancer;

    /// <summary>w: rounds between two adjustments; at least 1.</summary>
    public int Window { get; init; } = 20;

    /// <summary>lss: what an adjustment adds to the loss threshold's ratio or takes from it, in [0, 1].</summary>
    public double LossStep { get; init; } = 0.05;

    /// <summary>dss: the same of the deadline's ratio, in [0, 1].</summary>
    public double DeadlineStep { get; init; } = 0.05;

    /// <summary>p: share of a client's rows taken from those above the threshold, in [0, 1].</summary>
    public double HardShare { get; init; } = 1;

    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Window} {LossStep} {DeadlineStep} {HardShare}");
}
