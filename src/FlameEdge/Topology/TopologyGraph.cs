namespace FlameEdge.Topology;

/// <summary>The topology graph (TAG): roles joined by channels, before any worker or machine is known.</summary>
public sealed record TopologyGraph
{
    /// <summary>The vertices, in the order of the job file.</summary>
    public required IReadOnlyList<RoleSpec> Roles { get; init; }

    /// <summary>The edges, in the order of the job file.</summary>
    public required IReadOnlyList<ChannelSpec> Channels { get; init; }
}

/// <summary>A vertex of the graph: what a worker of this kind runs, and how many there are.</summary>
public sealed record RoleSpec
{
    /// <summary>The role's name.</summary>
    public required RoleName Name { get; init; }

    /// <summary>The program its workers run; where the job names none, the one that fits its function tags.</summary>
    public required string Program { get; init; }

    /// <summary>True: one worker for every dataset assigned to the role. False: <see cref="Replica"/> workers for every association.</summary>
    public bool IsDataConsumer { get; init; }

    /// <summary>Workers per association; at least 1; only for roles that consume no data.</summary>
    public int Replica { get; init; } = 1;

    /// <summary>One entry is one kind of worker: the group it joins on every channel of the role.</summary>
    public required IReadOnlyList<IReadOnlyDictionary<ChannelName, GroupName>> GroupAssociation { get; init; }

    /// <summary>The datasets of a data consumer, by group label, in the job's order; empty for other roles.</summary>
    public IReadOnlyDictionary<GroupName, IReadOnlyList<DatasetId>> DatasetGroups { get; init; } =
        new Dictionary<GroupName, IReadOnlyList<DatasetId>>();

    /// <summary>What a device must have to run its workers.</summary>
    public NeedsSpec Needs { get; init; } = new();

    /// <summary>Settings that stand above the job's for this role's workers, such as <c>learningRate</c>; names to scalar text.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>An edge of the graph: two roles (or one twice) that exchange messages inside groups.</summary>
public sealed record ChannelSpec
{
    /// <summary>The channel's name.</summary>
    public required ChannelName Name { get; init; }

    /// <summary>The two roles it joins; the same twice for a channel among equals.</summary>
    public required (RoleName First, RoleName Second) Pair { get; init; }

    /// <summary>The allowed groups; <c>default</c> alone where the job names none.</summary>
    public required IReadOnlyList<GroupName> Groups { get; init; }

    /// <summary>For each role of the pair the functions it runs over this channel (see <see cref="FunctionTags"/>).</summary>
    public required IReadOnlyDictionary<RoleName, IReadOnlyList<string>> FunctionTags { get; init; }

    /// <summary><c>mqtt</c>, <c>tcp</c> or <c>memory</c>; null for the job's backend.</summary>
    public string? Backend { get; init; }

    /// <summary>How updates are written on their way to the role that aggregates.</summary>
    public CodecSpec UpCodec { get; init; } = CodecSpec.Plain;

    /// <summary>How models are written on their way to the role that fetches.</summary>
    public CodecSpec DownCodec { get; init; } = CodecSpec.Plain;

    /// <summary>Who of the lower side takes part in a round.</summary>
    public SelectorSpec Selector { get; init; } = SelectorSpec.Everybody;

    /// <summary>The role a worker of <paramref name="role"/> meets here.</summary>
    public RoleName OtherThan(RoleName role) => Pair.First == role ? Pair.Second : Pair.First;

    /// <summary>True where <paramref name="role"/> runs the function <paramref name="tag"/> over this channel.</summary>
    public bool Has(RoleName role, string tag) => FunctionTags.TryGetValue(role, out var tags) && tags.Contains(tag, StringComparer.Ordinal);
}
