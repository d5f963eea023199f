using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Agent.Configuration;
using FlameEdge.Agent.Output;
using FlameEdge.Agent.Serving;
using FlameEdge.Channels;
using FlameEdge.Mqtt;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Agent.Verbs;

/// <summary><c>config explain</c>: every key of an agent's configuration, its value, and which layer it comes from.</summary>
internal static class ConfigExplainVerb
{
    private static readonly TimeSpan ReadBound = TimeSpan.FromSeconds(3);

    public static Command Create()
    {
        var verb = new Command("explain", "Show every key, its value, and where it comes from. Secrets are files; only their paths are shown.");
        var arguments = new ServeArguments(verb);
        var format = new Option<string>("--format") { Description = "how the result is written", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var asks = new Option<bool>("--broker-config") { Description = "also ask the broker for the agent's config topic; without it, the last one the agent has seen is taken from its state folder" };
        verb.Add(format);
        verb.Add(asks);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var local = arguments.Read(parsed);
            var settings = local.Settings;
            var policy = settings.Policy is { } path ? AgentPolicy.Read(path) : new AgentPolicy();
            var json = parsed.GetValue(asks) ? await AskAsync(settings, cancellationToken) : ConfigDesk.Kept(settings);
            var (whole, report) = TopicConfiguration.Of(local, local, policy, json);
            var refused = report.Refused.Select(key => $"config topic: {key.Key} is refused: {key.Why}");
            foreach (var problem in local.Faults.Concat(refused))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync(problem);
            }

            Write(parsed.InvocationConfiguration.Output, Explain(whole), parsed.GetValue(format) == "json");
            return local.Faults.Count == 0 ? ExitCode.Ok : ExitCode.BadJob;
        });
        return new Command("config", "The configuration of an agent.") { verb };
    }

    private static List<ExplainedKey> Explain(AgentConfiguration configuration) =>
    [
        .. ConfigKeys.All.SelectMany(key => configuration.Values.Where(value => key.Is(value.Key)).OrderBy(value => value.Key, StringComparer.Ordinal)
            .Select(value => new ExplainedKey(value.Key, ConfigText.Plain(value.Value.Node), value.Value.Layer, value.Value.Place))
            .DefaultIfEmpty(new ExplainedKey(key.Path, key.Path == "name" ? configuration.Settings.Name : key.Default, "default", null))),
    ];

    private static void Write(TextWriter output, List<ExplainedKey> keys, bool isJson)
    {
        if (isJson)
        {
            output.WriteLine(JsonSerializer.Serialize(keys, ExplainJson.Default.ListExplainedKey));
            return;
        }

        var (key, value) = (keys.Max(line => line.Key.Length), Math.Min(48, keys.Max(line => line.Value.Length)));
        foreach (var line in keys)
        {
            output.WriteLine($"{line.Key.PadRight(key)}  {line.Value.PadRight(value)}  {line.Layer}{(line.Place is null ? string.Empty : $" {line.Place}")}");
        }
    }

    // As another client of the same user: the agent itself may be connected under its own name.
    private static async Task<ReadOnlyMemory<byte>> AskAsync(AgentSettings settings, CancellationToken cancellationToken)
    {
        using var loggers = new Loggers(TextWriter.Null);
        var parts = new AgentParts(HostParts.Of(null, null), new AgentPolicy(), ProfileFile.Read(settings.Profile), Hardware.Measure("/"));
        var options = parts.MqttOf(settings);
        options.User ??= options.PasswordFile is null ? null : settings.Name;
        var asking = new AgentId($"{settings.Name[..Math.Min(settings.Name.Length, 27)]}-explain");
        await using var session = await MqttSession.ConnectAsync(options, asking, TimeProvider.System, NullLoggerFactory.Instance, cancellationToken);
        var notice = await session.Bulletin.ReadAsync(BulletinTopic.OfFleet(new AgentId(settings.Name), BulletinKind.Config), ReadBound, cancellationToken);
        return notice?.Json ?? ReadOnlyMemory<byte>.Empty;
    }
}

/// <summary>A key as it is explained.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">Its value, or its default in words.</param>
/// <param name="Layer"><c>default</c>, <c>file</c>, <c>drop-in</c>, <c>environment</c>, <c>command line</c> or <c>topic</c>.</param>
/// <param name="Place">File and line, variable or option.</param>
internal sealed record ExplainedKey(string Key, string Value, string Layer, string? Place);

/// <summary>JSON of explained keys, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(List<ExplainedKey>))]
internal sealed partial class ExplainJson : JsonSerializerContext;
