namespace FlameEdge.Topology;

/// <summary>The function tags of the graph: what a role does on a channel.</summary>
public static class FunctionTags
{
    /// <summary>Lower side: receive the model.</summary>
    public const string Fetch = "fetch";

    /// <summary>Lower side: send an update.</summary>
    public const string Upload = "upload";

    /// <summary>Upper side: send the model.</summary>
    public const string Distribute = "distribute";

    /// <summary>Upper side: collect updates.</summary>
    public const string Aggregate = "aggregate";
}
