namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>What a client did between two models.</summary>
public readonly ref struct LocalWork
{
    /// <summary>The model it received.</summary>
    public required ReadOnlySpan<float> Received { get; init; }

    /// <summary>Its model after the local steps.</summary>
    public required ReadOnlySpan<float> Trained { get; init; }

    /// <summary>Steps it made, at least 1.</summary>
    public required int Steps { get; init; }
}
