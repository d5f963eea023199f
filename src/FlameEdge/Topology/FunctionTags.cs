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

    /// <summary>Among equals: sum updates around a ring.</summary>
    public const string RingAllReduce = "ring_allreduce";

    /// <summary>Any worker towards a coordinator.</summary>
    public const string Coordinate = "coordinate";

    /// <summary>A coordinator towards the top aggregator.</summary>
    public const string CoordinateWithTop = "coordinateWithTopAgg";

    /// <summary>A coordinator towards the aggregators in the middle.</summary>
    public const string CoordinateWithMiddle = "coordinateWithMidAgg";

    /// <summary>A coordinator towards trainers.</summary>
    public const string CoordinateWithTrainer = "coordinateWithTrainer";

    /// <summary>A site tells what it knows: towards a directory, or among sites where there is none.</summary>
    public const string Announce = "announce";

    /// <summary>A directory hears what sites know.</summary>
    public const string Collect = "collect";

    /// <summary>A site asks a directory who can help.</summary>
    public const string Ask = "ask";

    /// <summary>A directory ranks helpers.</summary>
    public const string Rank = "rank";

    /// <summary>Among sites: ask a helper for knowledge, and give it.</summary>
    public const string Exchange = "exchange";

    /// <summary>Every tag the graph knows: those above, and the further ones of Flame's modes.</summary>
    public static IReadOnlySet<string> Known { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        Fetch, Upload, Distribute, Aggregate, RingAllReduce, Coordinate,
        Announce, Collect, Ask, Rank, Exchange,
        CoordinateWithTop, CoordinateWithMiddle, CoordinateWithTrainer, "coordinateWithLeafAgg",
        "uploadDatasetSize", "getDatasetSize",
        "uploadBias", "fetchBias", "aggregateBias", "distributeBias",
    };
}
