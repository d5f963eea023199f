using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>Which inequality between two groups of rows <c>fedgft</c> punishes, and how hard (docs/algorithms.md).</summary>
public sealed record FairnessSpec
{
    /// <summary>The measures: equal scores; equal scores among positive rows; as many positive rows as the scores promise.</summary>
    public const string Parity = "sp", Opportunity = "eop", Calibration = "cal";

    /// <summary>The penalties of a bias B: γ/2 B², and γ |B|.</summary>
    public const string Squared = "l2", Absolute = "id";

    /// <summary><c>sp</c>, <c>eop</c> or <c>cal</c>.</summary>
    public required string Fair { get; init; }

    /// <summary>The feature that tells the groups apart.</summary>
    public required string Feature { get; init; }

    /// <summary>Rows whose feature is above it are one group, the others the other; in the units the model sees.</summary>
    public double Above { get; init; } = 0.5;

    /// <summary>γ, at least 0; null for 2 |B|, anew each round.</summary>
    public double? Gamma { get; init; }

    /// <summary><c>l2</c> or <c>id</c>.</summary>
    public string Penalty { get; init; } = Squared;

    /// <summary>The class whose score counts.</summary>
    public int Positive { get; init; } = 1;

    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Fair} {Feature} above {Above} gamma {Gamma?.ToString(CultureInfo.InvariantCulture) ?? "auto"} {Penalty} positive {Positive}");
}
