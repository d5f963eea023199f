using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Control.Profiles;

/// <summary>What a class of devices is and may be asked for: <c>firmware-profiles/CLASS/profile.json</c>. Immutable.</summary>
/// <remarks>Described, loaded and checked; planning by it and keeping to it come with the agent.</remarks>
public sealed record FirmwareProfile
{
    /// <summary>The class's name: <c>[a-z0-9-]{1,36}</c>, the same as its folder's.</summary>
    public required string Name { get; init; }

    /// <summary>The hardware in words, with where its figures come from.</summary>
    public required string Hardware { get; init; }

    /// <summary><c>x64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Main memory, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Space for state and data, in bytes.</summary>
    public required long StorageBytes { get; init; }

    /// <summary>Threads learning may use; at least 1.</summary>
    public required int Threads { get; init; }

    /// <summary>Engines that run there: <c>onnx</c>, <c>torch</c>.</summary>
    public required IReadOnlyList<string> Runtimes { get; init; }

    /// <summary>Number formats it computes with: <c>float32</c>, <c>float16</c>, <c>bfloat16</c>, <c>int8</c>.</summary>
    public required IReadOnlyList<string> Precision { get; init; }

    /// <summary>The largest batch of a training step, in samples.</summary>
    public required int LargestBatch { get; init; }

    /// <summary>The largest MQTT packet, in bytes.</summary>
    public required int LargestPacketBytes { get; init; }

    /// <summary>Bytes of a transfer under way at once; at least one packet.</summary>
    public required int WindowBytes { get; init; }

    /// <summary>Silence after which the broker is asked whether it is there, in seconds.</summary>
    public required int KeepAliveSeconds { get; init; }

    /// <summary>How long the broker keeps the session of a device that is away, in seconds.</summary>
    public required int SessionExpirySeconds { get; init; }

    /// <summary>Bytes a day, both ways; null for no limit.</summary>
    public long? DailyBytes { get; init; }

    /// <summary>True where bytes cost money.</summary>
    public required bool IsMetered { get; init; }

    /// <summary><c>mains</c>, <c>battery</c> or <c>solar</c>.</summary>
    public required string Power { get; init; }

    /// <summary>The processor's temperature above which training waits, in degrees Celsius.</summary>
    public required int TemperatureLimitCelsius { get; init; }

    /// <summary>Reads a profile.</summary>
    /// <exception cref="TopologyException">The file is missing, no JSON, lacks a key or holds a value out of its range; the message names the key and the range.</exception>
    public static FirmwareProfile Read(string path)
    {
        FirmwareProfile? profile;
        try
        {
            profile = JsonSerializer.Deserialize(File.ReadAllBytes(path), ProfileJson.Default.FirmwareProfile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TopologyException($"{path} is no firmware profile: {error.Message.ReplaceLineEndings(" ")} docs/firmware-profile.schema.json lists its keys.", error);
        }

        var problems = profile is null ? ["it says null"] : FirmwareProfileChecks.Of(profile).ToArray();
        return problems.Length == 0
            ? profile! // not null: that would be a problem
            : throw new TopologyException($"{path} is no firmware profile: {string.Join("; ", problems)}. docs/firmware-profile.schema.json lists what its keys may be.");
    }
}

/// <summary>JSON of profiles, generated ahead of time. A key nobody knows is a mistake here: it would be a limit that is not kept.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(FirmwareProfile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
