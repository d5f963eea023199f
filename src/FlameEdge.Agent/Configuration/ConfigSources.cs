namespace FlameEdge.Agent.Configuration;

/// <summary>Where an agent's local configuration is read from.</summary>
internal sealed record ConfigSources
{
    /// <summary>The file that is read where none is named and it is there.</summary>
    public const string DefaultFile = "/etc/flameedge/agent.json";

    /// <summary>The file; null for the default one.</summary>
    public string? File { get; init; }

    /// <summary>The environment's variables.</summary>
    public required IEnumerable<KeyValuePair<string, string>> Environment { get; init; }

    /// <summary>Keys set on the command line.</summary>
    public IReadOnlyList<(string Key, string Text, string Place)> CommandLine { get; init; } = [];

    /// <summary>Reads all layers. Whatever they hold, the answer is a configuration with its problems.</summary>
    public AgentConfiguration Read()
    {
        var file = Path.GetFullPath(File ?? DefaultFile);
        var layers = new List<ConfigLayer>();
        if (File is not null || System.IO.File.Exists(file))
        {
            Add("file", file);
        }

        var folder = Path.Combine(Path.GetDirectoryName(file) ?? "/", Path.GetFileNameWithoutExtension(file) + ".d");
        foreach (var dropIn in (Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : []).Order(StringComparer.Ordinal))
        {
            Add("drop-in", dropIn);
        }

        return new AgentConfiguration([.. layers, ConfigLayer.OfEnvironment(Environment), ConfigLayer.OfCommandLine(CommandLine)]);

        void Add(string layer, string path)
        {
            try
            {
                layers.Add(ConfigLayer.OfJson(layer, path, System.IO.File.ReadAllBytes(path)));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                layers.Add(ConfigLayer.Unreadable(layer, $"{path} cannot be read: {exception.Message.TrimEnd('.')}; check the path and its rights"));
            }
        }
    }
}
