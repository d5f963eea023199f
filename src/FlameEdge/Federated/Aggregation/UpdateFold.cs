namespace FlameEdge.Federated.Aggregation;

/// <summary>What became of an asynchronous update.</summary>
public enum UpdateFold
{
    /// <summary>It is in the buffer, which has room for more.</summary>
    Buffered,

    /// <summary>It is in the buffer, which is now full: the model may take its step.</summary>
    Full,

    /// <summary>It was left out: computed from too old a model.</summary>
    TooStale,
}
