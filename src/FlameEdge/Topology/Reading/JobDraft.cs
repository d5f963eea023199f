namespace FlameEdge.Topology.Reading;

/// <summary>A name and where the author wrote it.</summary>
internal sealed record LocatedName(string Value, SpecNode Node)
{
    public static LocatedName Of(SpecScalar scalar) => new(scalar.Text, scalar);
}

/// <summary>A job between its text and its specification: bound to types, names not yet looked up. Both formats lead here, so both are checked alike.</summary>
internal sealed class JobDraft
{
    public required SpecNode Root { get; init; }

    public required Vocabulary Words { get; init; }

    public required string Title { get; init; }

    public JobId Name { get; init; }

    public List<RoleDraft> Roles { get; } = [];

    public List<ChannelDraft> Channels { get; } = [];

    public Dictionary<DatasetId, DatasetSpec> Datasets { get; init; } = [];

    public LocatedName? Evaluation { get; init; }

    /// <summary>The optimizer's word, where the author wrote one.</summary>
    public LocatedName? Optimizer { get; init; }

    public OptimizerSpec OptimizerSpec { get; init; } = new();

    public RobustSpec? Robust { get; init; }

    public PrivacySpec? Privacy { get; init; }

    public SecureAggregationSpec? SecureAggregation { get; init; }

    public PersonalSpec? Personal { get; init; }

    public SamplerSpec? Sampler { get; init; }

    /// <summary>Where the sampler stands.</summary>
    public SpecNode? SamplerNode { get; init; }

    public LocatedName? Backend { get; init; }

    public ModelSpec? Model { get; init; }

    public TrainingSpec Training { get; init; } = new();

    public RoundSpec Rounds { get; init; } = new();

    /// <summary>Where the quorum stands.</summary>
    public SpecNode? QuorumNode { get; init; }

    public FleetSpec Fleet { get; init; } = new();

    public CanoeSpec Canoe { get; init; } = new();

    public ulong Seed { get; init; }
}

internal sealed class RoleDraft(LocatedName name)
{
    public LocatedName Name { get; } = name;

    public LocatedName? Program { get; init; }

    public bool IsDataConsumer { get; init; }

    public int Replica { get; init; } = 1;

    /// <summary>Null where they are to be derived from the channels.</summary>
    public List<AssociationDraft>? Associations { get; set; }

    /// <summary>Datasets named without saying which group learns from which; null where none are named.</summary>
    public IReadOnlyList<LocatedName>? Datasets { get; init; }

    /// <summary>Null where they are to be derived from <see cref="Datasets"/>, or else from all of the job's.</summary>
    public List<DatasetGroupDraft>? DatasetGroups { get; set; }

    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public NeedsSpec Needs { get; init; } = new();

    /// <summary>The associations with every channel and group looked up; set by <see cref="Checks.AssociationChecks"/>.</summary>
    public List<ResolvedAssociation> Resolved { get; } = [];

    public override string ToString() => $"role '{Name.Value}'";
}

internal sealed record AssociationDraft(SpecNode Node, IReadOnlyList<(LocatedName Channel, LocatedName Group)> Groups);

internal sealed record DatasetGroupDraft(LocatedName Group, IReadOnlyList<LocatedName> Datasets);

/// <summary>One kind of worker: the group it joins on every channel of its role, and how many there are.</summary>
internal sealed class ResolvedAssociation(SpecNode node, Dictionary<ChannelName, GroupName> groups)
{
    public SpecNode Node { get; } = node;

    public Dictionary<ChannelName, GroupName> Groups { get; } = groups;

    public int WorkerCount { get; set; }

    public bool IsSameAs(ResolvedAssociation other) =>
        Groups.Count == other.Groups.Count && Groups.All(pair => other.Groups.TryGetValue(pair.Key, out var group) && group == pair.Value);
}

internal sealed class ChannelDraft(LocatedName name)
{
    public LocatedName Name { get; } = name;

    public IReadOnlyList<LocatedName> Pair { get; init; } = [];

    public required SpecNode PairNode { get; init; }

    /// <summary>The allowed groups; filled from the datasets' labels where <see cref="GroupLabel"/> stands.</summary>
    public IReadOnlyList<LocatedName> Groups { get; set; } = [];

    /// <summary>The dataset label whose values are the groups.</summary>
    public LocatedName? GroupLabel { get; init; }

    /// <summary>Null where they follow from the pair's order.</summary>
    public List<(LocatedName Role, IReadOnlyList<LocatedName> Tags)>? FunctionTags { get; set; }

    public LocatedName? Backend { get; init; }

    public CodecSpec UpCodec { get; init; } = CodecSpec.Plain;

    public CodecSpec DownCodec { get; init; } = CodecSpec.Plain;

    public LocatedName? Selector { get; init; }

    public SelectorSpec SelectorSpec { get; init; } = SelectorSpec.Everybody;

    public override string ToString() => $"channel '{Name.Value}'";
}

/// <summary>The words a format knows for what can be chosen by name.</summary>
internal sealed record Vocabulary(
    IReadOnlyCollection<string> Backends,
    IReadOnlyCollection<string> Optimizers,
    IReadOnlyCollection<string> Selectors)
{
    /// <summary>What runs here.</summary>
    public static readonly Vocabulary Own = new(["mqtt", "tcp", "memory"], [.. AggregationReader.Optimizers.Keys], [.. SelectorReader.Kinds.Keys]);

    /// <summary>What Flame knows: its jobs can be expanded whether or not every word runs here.</summary>
    public static readonly Vocabulary Flame = new(
        ["mqtt", "p2p", "shm", "local"],
        ["fedavg", "fedadagrad", "fedadam", "fedyogi", "fedbuff", "fedprox", "feddyn", "scaffold", "fedgft"],
        ["all", "default", "random", "fedbuff", "oort"]);
}
