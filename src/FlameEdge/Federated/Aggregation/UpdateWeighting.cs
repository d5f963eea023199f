namespace FlameEdge.Federated.Aggregation;

/// <summary>How much a client's update counts in a round's mean.</summary>
public enum UpdateWeighting
{
    /// <summary>As much as its samples.</summary>
    Samples,

    /// <summary>As much as any other.</summary>
    Uniform,
}
