using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;

namespace FlameEdge.Control.Profiles;

/// <summary>What a class of devices that run an agent is and may be asked for: <c>firmware-profiles/CLASS/profile.json</c>. Immutable.</summary>
/// <remarks>Classes that run none, and only send, are described by a <see cref="SensorProfile"/>.</remarks>
public sealed record FirmwareProfile
{
    /// <summary>The <see cref="Kind"/> of every profile of this type.</summary>
    public const string AgentKind = "agent";

    /// <summary><c>agent</c>, also where it is null.</summary>
    public string? Kind { get; init; }

    /// <summary>The class's name: <c>[a-z0-9-]{1,36}</c>, the same as its folder's.</summary>
    public required string Name { get; init; }

    /// <summary>The hardware in words, with where its figures come from.</summary>
    public required string Hardware { get; init; }

    /// <summary><c>x64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Main memory, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Memory the agent may have resident with all its workers, in bytes; null for all of it.</summary>
    public long? MemoryLimitBytes { get; init; }

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

    /// <summary>The charge below which training waits while on battery, in percent; null for a device without one.</summary>
    public int? LeastBatteryPercent { get; init; }

    /// <summary>Times of day at which training is allowed, by the device's clock, such as <c>22:00-06:00</c>; null or empty for always.</summary>
    public IReadOnlyList<string>? TrainingWindows { get; init; }

    /// <summary>The processor's temperature above which training waits, in degrees Celsius.</summary>
    public required int TemperatureLimitCelsius { get; init; }

    /// <summary>What an agent on such a device keeps to.</summary>
    public AgentLimits ToLimits() => new()
    {
        MemoryBytes = MemoryLimitBytes ?? MemoryBytes,
        StorageBytes = StorageBytes,
        Threads = Threads,
        LargestBatch = LargestBatch,
        LargestPacketBytes = LargestPacketBytes,
        WindowBytes = WindowBytes,
        DailyBytes = DailyBytes,
        IsMetered = IsMetered,
        Power = Power,
        LeastBatteryPercent = LeastBatteryPercent,
        TrainingWindows = TrainingWindows is { Count: > 0 } ? TrainingWindows : null,
        TemperatureLimitCelsius = TemperatureLimitCelsius,
    };

    /// <summary>Reads a profile.</summary>
    /// <exception cref="TopologyException">The file is missing, no JSON, lacks a key or holds a value out of its range; the message names the key and the range.</exception>
    public static FirmwareProfile Read(string path) =>
        ProfileFile.Read(path, AgentKind, ProfileJson.Default.FirmwareProfile, FirmwareProfileChecks.Of, "docs/firmware-profile.schema.json");
}
