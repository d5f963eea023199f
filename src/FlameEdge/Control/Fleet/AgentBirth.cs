namespace FlameEdge.Control.Fleet;

/// <summary>What an agent is, posted retained under <c>fleet/{agent}/birth</c> at every start and whenever it changes; under 4 KiB.</summary>
public sealed record AgentBirth
{
    /// <summary>The agent's name, also its MQTT user.</summary>
    public required string Agent { get; init; }

    /// <summary>Counts the runs of the agent: the highest it remembers or finds retained, plus one.</summary>
    public required long Incarnation { get; init; }

    /// <summary>A random name for this run of the process, by which an agent knows its own birth from that of a former run.</summary>
    public string? Session { get; init; }

    /// <summary>The program and its version, such as <c>flame-edge-agent 0.1.0 (linux-x64, native)</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The firmware profile it keeps to; null for none.</summary>
    public string? Profile { get; init; }

    /// <summary>The hardware as measured at start.</summary>
    public required HardwareFacts Hardware { get; init; }

    /// <summary>What it may use of it: the least of hardware, profile, configuration and policy.</summary>
    public required AgentLimits Limits { get; init; }

    /// <summary>Engines on board, <c>onnx</c> or <c>torch</c>, with their versions.</summary>
    public IReadOnlyDictionary<string, string> Runtimes { get; init => field = value ?? new Dictionary<string, string>(StringComparer.Ordinal); } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Role programs on board.</summary>
    public IReadOnlyList<string> Programs { get; init => field = value ?? []; } = [];

    /// <summary>Datasets on board, as many as fit; <see cref="DatasetCount"/> says how many there are.</summary>
    public IReadOnlyList<DatasetOnBoard> Datasets { get; init => field = value ?? []; } = [];

    /// <summary>Number of datasets on board.</summary>
    public int DatasetCount { get; init; }

    /// <summary>The operator's labels, such as <c>site: north</c>.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = value ?? new Dictionary<string, string>(StringComparer.Ordinal); } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A device as its agent measured it.</summary>
public sealed record HardwareFacts
{
    /// <summary><c>x64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Cores this process may run on.</summary>
    public required int Cores { get; init; }

    /// <summary>Main memory, or what a container or service limit leaves of it, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Free space where state is kept, in bytes.</summary>
    public required long FreeStorageBytes { get; init; }

    /// <summary>The board or machine in words, where it says so.</summary>
    public string? Model { get; init; }

    /// <summary>The operating system in words.</summary>
    public string? System { get; init; }
}

/// <summary>A dataset that lies on a device.</summary>
/// <param name="Name">The name jobs use for it.</param>
/// <param name="Rows">Rows it holds; null where nobody counted.</param>
/// <param name="Labels">Labels such as <c>region: north</c>; null for none.</param>
public sealed record DatasetOnBoard(string Name, long? Rows = null, IReadOnlyDictionary<string, string>? Labels = null);
