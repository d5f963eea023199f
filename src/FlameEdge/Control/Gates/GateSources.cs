using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Where the gates look: the system's folders, the state's folder, and what runs already. Tests put folders of their own here.</summary>
public sealed record GateSources
{
    /// <summary>The folder state and data are kept in.</summary>
    public required string StateFolder { get; init; }

    /// <summary>The workers that run now; asked at every judgement.</summary>
    public Func<IReadOnlyCollection<(JobId Job, WorkerId Worker)>> Running { get; init; } = static () => [];

    /// <summary>The kernel's device tree: temperatures, batteries, control groups.</summary>
    public string SysFolder { get; init; } = "/sys";

    /// <summary>The kernel's process table.</summary>
    public string ProcFolder { get; init; } = "/proc";
}
