using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Configuration;

/// <summary>One thing that can be configured.</summary>
/// <param name="Path">Its place, such as <c>broker.url</c>; <c>labels.*</c> stands for every key below <c>labels</c>.</param>
/// <param name="Default">Its default, for people.</param>
/// <param name="Meaning">What it is, with its unit.</param>
/// <param name="Apply">Puts a value into settings: key below a star, value, settings; the fault, or null.</param>
internal sealed record ConfigKey(string Path, string Default, string Meaning, Func<string, SpecNode, AgentSettings, string?> Apply)
{
    /// <summary>True where the retained <c>config</c> topic may set it.</summary>
    public bool IsFromAfar { get; init; }

    /// <summary>True where a change takes effect at the next start only.</summary>
    public bool NeedsRestart { get; init; }

    /// <summary>True for a key whose value is a list or a mapping, taken from one layer as a whole.</summary>
    public bool IsTree { get; init; }

    /// <summary>Whether this is the key of <paramref name="path"/>.</summary>
    public bool Is(string path) => Path.EndsWith(".*", StringComparison.Ordinal)
        ? path.StartsWith(Path[..^1], StringComparison.Ordinal) && path.Length > Path.Length - 1
        : string.Equals(path, Path, StringComparison.Ordinal);
}
