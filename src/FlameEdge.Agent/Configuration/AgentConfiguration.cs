namespace FlameEdge.Agent.Configuration;

/// <summary>An agent's configuration: layers, the later above the earlier, and the settings they make.</summary>
internal sealed class AgentConfiguration
{
    private readonly IReadOnlyList<ConfigLayer> layers;

    /// <param name="layers">The layers, the lowest first.</param>
    public AgentConfiguration(IReadOnlyList<ConfigLayer> layers)
    {
        this.layers = layers;
        Values = layers.SelectMany(layer => layer.Values).GroupBy(value => value.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal);
        var problems = layers.SelectMany(layer => layer.Problems).ToList();

        // Datasets' relative paths start from the data folder, so they come last.
        foreach (var (path, value) in Values.OrderBy(value => value.Key == "datasets"))
        {
            if (ConfigKeys.Find(path)!.Apply(path, value.Node, Settings) is { } fault) // not null: layers hold known keys only
            {
                problems.Add(new(path, $"{value.Place}: {path} {fault}"));
            }
        }

        if (Settings.Name.Length == 0)
        {
            problems.Add(new("name", "the machine's name makes no agent's name; give one with --name"));
        }

        Problems = problems;
    }

    /// <summary>What they make.</summary>
    public AgentSettings Settings { get; } = new();

    /// <summary>Every key that is set, with the value that holds.</summary>
    public IReadOnlyDictionary<string, ConfigValue> Values { get; }

    /// <summary>All that cannot be.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; }

    /// <summary>A sentence for each of them, and for each sensor that cannot be collected.</summary>
    public IReadOnlyList<string> Faults => [.. Problems.Select(problem => problem.Message), .. Settings.Telemetry.Refused.Select(item => $"{item.Key}: {item.Why}")];

    /// <summary>The same with a layer above.</summary>
    public AgentConfiguration With(ConfigLayer above) => new([.. layers, above]);
}
