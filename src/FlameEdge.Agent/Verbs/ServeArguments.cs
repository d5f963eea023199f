using System.Collections;
using System.CommandLine;
using FlameEdge.Agent.Configuration;

namespace FlameEdge.Agent.Verbs;

/// <summary>The options that make an agent's configuration: the same for the agent and for whoever asks what it is configured to.</summary>
internal sealed class ServeArguments
{
    private readonly Option<string?> file = new("--config") { Description = $"configuration file; {ConfigSources.DefaultFile} by default, where it is there", HelpName = "FILE" };
    private readonly Option<string[]> sets = new("--set") { Description = "key=value: any key of the configuration", HelpName = "key=value" };
    private readonly (Option<string?> Option, string Key)[] named =
    [
        (new("--broker") { Description = "mqtt://host:port, or mqtts://host:port for TLS", HelpName = "URL" }, "broker.url"),
        (new("--name") { Description = "the agent's name", HelpName = "NAME" }, "name"),
        (new("--prefix") { Description = "first level of every topic", HelpName = "NAME" }, "prefix"),
        (new("--state") { Description = "folder of the agent's state", HelpName = "DIR" }, "state"),
        (new("--data") { Description = "folder jobs may read", HelpName = "DIR" }, "data"),
        (new("--profile") { Description = "firmware profile: a file, or the name of a class", HelpName = "NAME" }, "profile"),
    ];

    /// <param name="verb">Gets the options.</param>
    public ServeArguments(Command verb)
    {
        verb.Add(file);
        verb.Add(sets);
        foreach (var (option, _) in named)
        {
            verb.Add(option);
        }

        sets.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=', StringComparison.Ordinal) <= 0))
            {
                result.AddError($"--set {token.Value}: write key=value");
            }
        });
    }

    /// <summary>The local configuration: file, drop-ins, environment, command line.</summary>
    public AgentConfiguration Read(ParseResult parsed) => new ConfigSources
    {
        File = parsed.GetValue(file),
        Environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry => KeyValuePair.Create((string)entry.Key, (string?)entry.Value ?? string.Empty)),
        CommandLine =
        [
            .. named.Where(pair => parsed.GetValue(pair.Option) is not null).Select(pair => (pair.Key, parsed.GetValue(pair.Option)!, pair.Option.Name)), // not null: looked at before
            .. (parsed.GetValue(sets) ?? []).Select(set => (set[..set.IndexOf('=', StringComparison.Ordinal)], set[(set.IndexOf('=', StringComparison.Ordinal) + 1)..], $"--set {set.Split('=')[0]}")),
        ],
    }.Read();
}
