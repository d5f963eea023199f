using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>What takes the place of the plain mean where some updates may be hostile (docs/algorithms.md).</summary>
public sealed record RobustSpec
{
    /// <summary><c>norm-clipping</c>, <c>median</c>, <c>trimmed-mean</c>, <c>krum</c>, <c>multi-krum</c>, <c>bulyan</c> or <c>geometric-median</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>C, the longest change that <c>norm-clipping</c> leaves as it is; above 0.</summary>
    public double Norm { get; init; }

    /// <summary>b, the values <c>trimmed-mean</c> drops on each side; at least 1.</summary>
    public int Trim { get; init; }

    /// <summary>f, the hostile updates that <c>krum</c>, <c>multi-krum</c> and <c>bulyan</c> withstand; at least 1.</summary>
    public int Attackers { get; init; }

    /// <summary>m, the updates that <c>multi-krum</c> averages; at least 1.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>Kind and settings in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Norm} {Trim} {Attackers} {Keep}");
}
