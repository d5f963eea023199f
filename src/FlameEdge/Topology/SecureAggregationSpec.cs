using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>Masked updates: aggregators learn the sum of their clients' updates and no single one (docs/algorithms.md).</summary>
public sealed record SecureAggregationSpec
{
    /// <summary>t as a share of a group's clients, in [0.5, 1): more than so many must stay to the end of a round. Above two thirds an aggregator that lies about who left learns nothing either.</summary>
    public double Threshold { get; init; } = 2.0 / 3;

    /// <summary>Bits behind the point of a masked number of 64 bits.</summary>
    public int FractionBits { get; init; } = 24;

    /// <summary>Clients of that many that must stay; at least 2.</summary>
    public int ThresholdOf(int clients) => Math.Max(2, Math.Min(clients, (int)Math.Floor((Threshold * clients) + 1e-9) + 1));

    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Threshold:R} {FractionBits}");
}
