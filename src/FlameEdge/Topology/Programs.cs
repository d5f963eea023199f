namespace FlameEdge.Topology;

/// <summary>The programs that come with FlameEdge, and how a role's function tags lead to one.</summary>
public static class Programs
{
    /// <summary>Fetches the model, learns from its dataset, uploads the update.</summary>
    public const string Trainer = "trainer";

    /// <summary>Distributes the model and aggregates updates: the top of a tree.</summary>
    public const string Aggregator = "aggregator";

    /// <summary>The top of a tree that waits for nobody: a role says so with <c>program</c>.</summary>
    public const string AsynchronousAggregator = "asynchronous-aggregator";

    /// <summary>Both: an aggregator below and a trainer above.</summary>
    public const string MiddleAggregator = "middle-aggregator";

    /// <summary>Says which trainer works with which aggregator in the middle.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>Learns from its dataset and sums changes with its equals around a ring: no aggregator.</summary>
    public const string RingTrainer = "ring-trainer";

    /// <summary>Both: sums changes with its group around a ring, whose leader has an aggregator above.</summary>
    public const string HybridTrainer = "hybrid-trainer";

    /// <summary>Learns from its own stream, asks when its world changes, and helps others: a Canoe site.</summary>
    public const string Site = "site";

    /// <summary>Knows which site knows what, and ranks helpers.</summary>
    public const string Directory = "directory";

    /// <summary>All above.</summary>
    public static IReadOnlySet<string> BuiltIn { get; } = new HashSet<string>(StringComparer.Ordinal) { Trainer, Aggregator, AsynchronousAggregator, MiddleAggregator, Coordinator, RingTrainer, HybridTrainer, Site, Directory };

    /// <summary>What a built-in program reads of its role's settings beside those of training.</summary>
    public static IReadOnlyList<string> SettingsOf(string? program) => program switch
    {
        AsynchronousAggregator => ["buffer", "maxStaleness", "concurrency"],
        Coordinator => ["stragglerFactor", "longestBackOff", "every"],
        _ => [],
    };

    /// <summary>
    /// The program that fits exactly these tags; trainers and aggregators take a coordinator's word where they have a channel to one. A role that does more gets a name of its own kind
    /// (<c>special-trainer</c>), never a built-in that would leave a part of its work undone.
    /// </summary>
    public static string ThatFits(RoleName role, IEnumerable<string> functionTags)
    {
        var tags = functionTags.ToHashSet(StringComparer.Ordinal);
        if (tags.SetEquals([FunctionTags.Announce, FunctionTags.Exchange]) || tags.SetEquals([FunctionTags.Announce, FunctionTags.Ask, FunctionTags.Exchange]))
        {
            return Site;
        }

        if (tags.SetEquals([FunctionTags.Collect, FunctionTags.Rank]))
        {
            return Directory;
        }

        if (tags.SetEquals([FunctionTags.CoordinateWithTop, FunctionTags.CoordinateWithMiddle, FunctionTags.CoordinateWithTrainer]))
        {
            return Coordinator;
        }

        if (tags.SetEquals([FunctionTags.RingAllReduce]))
        {
            return RingTrainer;
        }

        if (tags.SetEquals([FunctionTags.RingAllReduce, FunctionTags.Fetch, FunctionTags.Upload]))
        {
            return HybridTrainer;
        }

        var isLower = tags.Remove(FunctionTags.Fetch) & tags.Remove(FunctionTags.Upload);
        var isUpper = tags.Remove(FunctionTags.Distribute) & tags.Remove(FunctionTags.Aggregate);
        var core = (isLower, isUpper) switch
        {
            (true, true) => MiddleAggregator,
            (true, false) => Trainer,
            (false, true) => Aggregator,
            _ => null,
        };
        if (core is not null && (tags.Count == 0 || tags.SetEquals([FunctionTags.Coordinate])))
        {
            return core;
        }

        var kind = tags.Contains(FunctionTags.Coordinate) ? "coordinated"
            : tags.Contains(FunctionTags.RingAllReduce) ? (core is null ? "ring" : "hybrid")
            : "special";
        return BuiltIn.Contains(role.Value) ? $"{kind}-{role.Value}" : role.Value;
    }
}
