namespace FlameEdge.Tasklets;

/// <summary>The programs a process has on board.</summary>
public sealed class RoleCatalog
{
    /// <summary>Their names.</summary>
    public IReadOnlySet<string> Names { get; } = new HashSet<string>(Topology.Programs.BuiltIn, StringComparer.Ordinal);
}
