namespace FlameEdge.Topology;

/// <summary>How a controller runs the job on a fleet: the section <c>fleet</c> of a job file. <c>flame-edge run</c> needs none of it.</summary>
public sealed record FleetSpec
{
    /// <summary>The longest the job may take from submission; null for no bound. Afterwards it is stopped with its last checkpoint kept.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>How long an agent may be lost before its movable workers are given to others.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a failed worker is started again before the job fails.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>How long a job may wait for agents before it is refused; null to wait for as long as it takes.</summary>
    public TimeSpan? Patience { get; init; }
}

/// <summary>What a role's workers need of a device; null anywhere for nothing in particular.</summary>
public sealed record NeedsSpec
{
    /// <summary>Memory of a worker, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Space for its state, in bytes.</summary>
    public long? StorageBytes { get; init; }

    /// <summary>Threads.</summary>
    public int? Threads { get; init; }

    /// <summary><c>x64</c> or <c>arm64</c>.</summary>
    public string? Architecture { get; init; }

    /// <summary><c>mains</c>, <c>battery</c> or <c>solar</c>.</summary>
    public string? Power { get; init; }

    /// <summary>Bytes a day.</summary>
    public long? DailyBytes { get; init; }

    /// <summary>Labels the agent must carry.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
