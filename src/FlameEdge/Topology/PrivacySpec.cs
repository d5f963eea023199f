using System.Globalization;

namespace FlameEdge.Topology;

/// <summary>Differential privacy of a job's clients: what one of them changes is bounded, and hidden under noise (docs/algorithms.md).</summary>
public sealed record PrivacySpec
{
    /// <summary>The aggregator adds the noise: whoever sees models learns little of any client; the aggregator itself is trusted.</summary>
    public const string Server = "server";

    /// <summary>Every client adds the noise to its own update: nobody else is trusted, and far more noise is in the model.</summary>
    public const string Client = "client";

    /// <summary><see cref="Server"/> or <see cref="Client"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>S, the longest change of a client, Euclidean over all values; above 0.</summary>
    public double Clip { get; init; }

    /// <summary>z: the noise's deviation is z S, on the sum or on each update; above 0.</summary>
    public double Noise { get; init; }

    /// <summary>The budget: no round is begun that would spend more; null to count only.</summary>
    public double? Epsilon { get; init; }

    /// <summary>δ of the budget and of what is told; in (0, 1).</summary>
    public double Delta { get; init; } = 1e-5;

    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Clip} {Noise} {Epsilon} {Delta}");
}
