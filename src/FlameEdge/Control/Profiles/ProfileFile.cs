using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FlameEdge.Diagnostics;

namespace FlameEdge.Control.Profiles;

/// <summary>Reads a profile of either kind.</summary>
internal static class ProfileFile
{
    private const int LargestBytes = 64 << 10;

    /// <exception cref="TopologyException">The file is missing, of another kind, or does not keep to its schema; the message names the key.</exception>
    public static T Read<T>(string path, string kind, JsonTypeInfo<T> type, Func<T, IEnumerable<string>> problemsOf, string schema)
        where T : class
    {
        T? profile;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LargestBytes })
            {
                throw new TopologyException($"{path} is no firmware profile: it is larger than {LargestBytes >> 10} KB");
            }

            var text = File.ReadAllBytes(path);
            RequireKind(path, kind, text);
            profile = JsonSerializer.Deserialize(text, type);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TopologyException($"{path} is no firmware profile: {error.Message.ReplaceLineEndings(" ")} {schema} lists its keys.", error);
        }

        var problems = profile is null ? ["it says null"] : problemsOf(profile).ToArray();
        return problems.Length == 0
            ? profile! // not null: that would be a problem
            : throw new TopologyException($"{path} is no firmware profile: {string.Join("; ", problems)}. {schema} lists what its keys may be.");
    }

    // Before all else, so that the wrong kind is not told as a dozen unknown keys.
    private static void RequireKind(string path, string kind, byte[] text)
    {
        using var json = JsonDocument.Parse(text, new() { CommentHandling = JsonCommentHandling.Skip, MaxDepth = 16 });
        if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("kind", out var found) && found.ValueKind == JsonValueKind.String && !found.ValueEquals(kind))
        {
            throw new TopologyException($"{path} is a profile of kind {found.GetString()}, but one of kind {kind} is needed here; a sensor runs no agent");
        }
    }
}

/// <summary>JSON of profiles, generated ahead of time. A key nobody knows is a mistake here: it would be a limit that is not kept.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(FirmwareProfile))]
[JsonSerializable(typeof(SensorProfile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
