using System.Text;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Configuration;

/// <summary>Values of one layer by key, each with the place it stands at.</summary>
internal sealed class ConfigLayer
{
    private const string VariablePrefix = "FLAMEEDGE_AGENT_";

    private readonly Dictionary<string, ConfigValue> values = new(StringComparer.Ordinal);
    private readonly List<ConfigProblem> problems = [];

    private ConfigLayer(string name) => Name = name;

    /// <summary><c>file</c>, <c>drop-in</c>, <c>environment</c>, <c>command line</c> or <c>topic</c>.</summary>
    public string Name { get; }

    /// <summary>The values.</summary>
    public IReadOnlyDictionary<string, ConfigValue> Values => values;

    /// <summary>What cannot be.</summary>
    public IReadOnlyList<ConfigProblem> Problems => problems;

    /// <summary>A text in JSON.</summary>
    /// <param name="name">The layer.</param>
    /// <param name="place">The file or topic, for messages.</param>
    /// <param name="utf8">The text.</param>
    public static ConfigLayer OfJson(string name, string place, ReadOnlySpan<byte> utf8)
    {
        var layer = new ConfigLayer(name);
        var found = new SpecProblems();
        var root = JsonSpecReader.Read(utf8, place, found);
        foreach (var problem in found.All)
        {
            layer.problems.Add(new("", problem.ToString()));
        }

        if (root is SpecMapping mapping)
        {
            layer.Take(mapping, string.Empty);
        }
        else if (root is not null)
        {
            layer.problems.Add(new("", $"{place}: a configuration is a mapping, but this is {root.Kind}"));
        }

        return layer;
    }

    /// <summary>A layer that could not be read.</summary>
    public static ConfigLayer Unreadable(string name, string why)
    {
        var layer = new ConfigLayer(name);
        layer.problems.Add(new("", why));
        return layer;
    }

    /// <summary>Variables <c>FLAMEEDGE_AGENT_BROKER__URL=…</c>; letters' case is free.</summary>
    public static ConfigLayer OfEnvironment(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var layer = new ConfigLayer("environment");
        foreach (var (name, text) in variables.Where(variable => variable.Key.StartsWith(VariablePrefix, StringComparison.Ordinal)).OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            var path = name[VariablePrefix.Length..].Replace("__", ".", StringComparison.Ordinal);
            var known = ConfigKeys.All.FirstOrDefault(key => string.Equals(key.Path, path, StringComparison.OrdinalIgnoreCase));
            layer.Take(known?.Path ?? path.ToLowerInvariant(), text, name);
        }

        return layer;
    }

    /// <summary>Options and <c>--set key=value</c>, the later above the earlier.</summary>
    public static ConfigLayer OfCommandLine(IEnumerable<(string Key, string Text, string Place)> options)
    {
        var layer = new ConfigLayer("command line");
        foreach (var (key, text, place) in options)
        {
            layer.Take(key, text, place);
        }

        return layer;
    }

    /// <summary>The values without those of these keys, and without problems.</summary>
    public ConfigLayer Without(IEnumerable<string> keys)
    {
        var layer = new ConfigLayer(Name);
        foreach (var (path, value) in values.ExceptBy(keys, value => value.Key, StringComparer.Ordinal))
        {
            layer.values[path] = value;
        }

        return layer;
    }

    private void Take(SpecMapping mapping, string above)
    {
        foreach (var entry in mapping.Entries.Where(entry => !SpecMapping.IsComment(entry.Key.Text)))
        {
            var path = above.Length == 0 ? entry.Key.Text : $"{above}.{entry.Key.Text}";
            if (ConfigKeys.Find(path) is not null)
            {
                values[path] = new(entry.Value, Name, entry.Value.Position.ToString());
            }
            else if (entry.Value is SpecMapping inner && ConfigKeys.All.Any(key => key.Path.StartsWith(path + ".", StringComparison.Ordinal)))
            {
                Take(inner, path);
            }
            else
            {
                Unknown(path, entry.Key.Position.ToString());
            }
        }
    }

    private void Take(string path, string text, string place)
    {
        if (ConfigKeys.Find(path) is not { } key)
        {
            Unknown(path, place);
            return;
        }

        var found = new SpecProblems();
        var node = key.IsTree ? JsonSpecReader.Read(Encoding.UTF8.GetBytes(text), place, found) : new SpecScalar(new SpecPosition(place), text, isQuoted: true);
        problems.AddRange(found.All.Select(problem => new ConfigProblem(path, problem.ToString())));
        if (node is not null)
        {
            values[path] = new(node, Name, place);
        }
    }

    private void Unknown(string path, string place) => problems.Add(new(path, $"{place}: there is no key '{path}'{ConfigKeys.Hint(path)}"));
}

/// <summary>A value, and where it comes from.</summary>
/// <param name="Node">The value.</param>
/// <param name="Layer">The layer's name.</param>
/// <param name="Place">File and line, variable, or option.</param>
internal sealed record ConfigValue(SpecNode Node, string Layer, string Place);

/// <summary>Something that cannot be.</summary>
/// <param name="Key">The key; empty for the whole layer.</param>
/// <param name="Message">Where it stands, what it is, and what it should be.</param>
internal sealed record ConfigProblem(string Key, string Message);
