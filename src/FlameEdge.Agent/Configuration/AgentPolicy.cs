using System.IO.Enumeration;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Agent.Configuration;

/// <summary>What the device's owner allows, whatever anybody else says: it can only narrow. Names are patterns with <c>*</c>; null anywhere for everything.</summary>
internal sealed record AgentPolicy
{
    /// <summary>Role programs that may run.</summary>
    public IReadOnlyList<string>? Programs { get; init; }

    /// <summary>Jobs that may run.</summary>
    public IReadOnlyList<string>? Jobs { get; init; }

    /// <summary>Controllers that are obeyed.</summary>
    public IReadOnlyList<string>? Controllers { get; init; }

    /// <summary>The most that may be used.</summary>
    public AgentLimits Most { get; init; } = new();

    /// <summary>Keys that may be set from afar.</summary>
    public IReadOnlyList<string>? ConfigKeys { get; init; }

    /// <summary>Reads a policy.</summary>
    /// <exception cref="TopologyException">The file is missing or no policy; an agent does not start without the one it was given.</exception>
    public static AgentPolicy Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), PolicyJson.Default.AgentPolicy) ?? throw new JsonException("it says null.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TopologyException($"{path} is no policy: {error.Message.ReplaceLineEndings(" ")} docs/configuration.md lists its keys.", error);
        }
    }

    /// <summary>Whether a name is allowed.</summary>
    public static bool Allows(IReadOnlyList<string>? patterns, string name) => patterns is null || patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}

/// <summary>JSON of policies, generated ahead of time. A key nobody knows is a mistake here: it would be a bound that is not kept.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(AgentPolicy))]
internal sealed partial class PolicyJson : JsonSerializerContext;
