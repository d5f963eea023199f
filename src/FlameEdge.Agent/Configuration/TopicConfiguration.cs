using System.Security.Cryptography;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Agent.Configuration;

/// <summary>The configuration with what the retained <c>config</c> topic may add to it, and a report of every key that it may not.</summary>
/// <param name="Configuration">What holds now.</param>
/// <param name="Report">What became of the topic's text.</param>
internal sealed record TopicConfiguration(AgentConfiguration Configuration, ConfigReport Report)
{
    private const int HashDigits = 16;

    /// <summary>Puts a text above the local configuration. Whatever it holds, what can be kept is kept and the rest is refused key by key.</summary>
    /// <param name="local">The local configuration, without problems.</param>
    /// <param name="started">What the process was started with, to see what needs a restart.</param>
    /// <param name="policy">What the device's owner allows.</param>
    /// <param name="json">The topic's text; empty for none.</param>
    public static TopicConfiguration Of(AgentConfiguration local, AgentConfiguration started, AgentPolicy policy, ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty)
        {
            return new(local, new ConfigReport(string.Empty, [], Changed(local, started)));
        }

        var layer = ConfigLayer.OfJson("topic", "config", json.Span);
        var refused = layer.Problems.Select(problem => new RefusedKey(problem.Key.Length == 0 ? "*" : problem.Key, problem.Message)).ToList();
        foreach (var path in layer.Values.Keys)
        {
            if (RefusalOf(path, policy) is { } why)
            {
                refused.Add(new(path, why));
            }
        }

        layer = layer.Without(refused.Select(key => key.Key));
        var whole = local.With(layer);
        foreach (var problem in whole.Problems)
        {
            refused.Add(new(problem.Key, problem.Message));
        }

        whole = local.With(layer.Without(whole.Problems.Select(problem => problem.Key)));
        refused.AddRange(whole.Settings.Telemetry.Refused.Select(item => new RefusedKey(item.Key, item.Why)));
        return new(whole, new ConfigReport(Convert.ToHexStringLower(SHA256.HashData(json.Span))[..HashDigits], refused, Changed(whole, started)));
    }

    private static string? RefusalOf(string path, AgentPolicy policy) =>
        ConfigKeys.Find(path) is not { IsFromAfar: true } ? "only the device itself sets this"
        : !AgentPolicy.Allows(policy.ConfigKeys, path) ? "the device's policy does not let this be set from afar"
        : null;

    private static IReadOnlyList<string> Changed(AgentConfiguration now, AgentConfiguration started) =>
        [.. ConfigKeys.All.Where(key => key.NeedsRestart).Select(key => key.Path).Where(path => Text(now, path) != Text(started, path))];

    private static string? Text(AgentConfiguration configuration, string path) => configuration.Values.GetValueOrDefault(path) is { } value ? ConfigText.Json(value.Node) : null;
}
