namespace FlameEdge.Control.Profiles;

/// <summary>
/// What a class of devices too small for an agent is and sends: <c>firmware-profiles/CLASS/profile.json</c> with <c>"kind": "sensor"</c>. Its topics are a contract:
/// the firmware publishes them, an agent's <c>telemetry</c> collects them, <c>flame-edge sensor simulate</c> plays them. Immutable.
/// </summary>
public sealed record SensorProfile
{
    /// <summary>The <see cref="Kind"/> of every profile of this type.</summary>
    public const string SensorKind = "sensor";

    /// <summary><c>sensor</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The class's name: <c>[a-z0-9-]{1,36}</c>, the same as its folder's.</summary>
    public required string Name { get; init; }

    /// <summary>The hardware in words, with where its figures come from.</summary>
    public required string Hardware { get; init; }

    /// <summary>The processor core, such as <c>xtensa-lx6</c> or <c>cortex-m4</c>.</summary>
    public required string Processor { get; init; }

    /// <summary>Memory for data, in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Flash for program and settings, in bytes.</summary>
    public required long FlashBytes { get; init; }

    /// <summary><c>mains</c>, <c>battery</c> or <c>solar</c>.</summary>
    public required string Power { get; init; }

    /// <summary>The largest MQTT packet its client builds, in bytes.</summary>
    public required int LargestPacketBytes { get; init; }

    /// <summary>Silence after which it pings the broker, in seconds.</summary>
    public required int KeepAliveSeconds { get; init; }

    /// <summary>What it measures and how it sends it.</summary>
    public required SensorTopic Telemetry { get; init; }

    /// <summary>Where a person or a machine says what the telemetry shows: the class name as text, in force until the next; null where nobody says.</summary>
    public string? LabelTopic { get; init; }

    /// <summary>Reads a profile.</summary>
    /// <exception cref="Diagnostics.TopologyException">The file is missing, no JSON, of an agent, lacks a key or holds a value out of its range; the message names the key and the range.</exception>
    public static SensorProfile Read(string path) =>
        ProfileFile.Read(path, SensorKind, ProfileJson.Default.SensorProfile, SensorProfileChecks.Of, "docs/sensor-profile.schema.json");
}

/// <summary>A topic a sensor publishes.</summary>
public sealed record SensorTopic
{
    /// <summary>Stands in a topic for the device's name.</summary>
    public const string DevicePlace = "{device}";

    /// <summary>The topic, with <see cref="DevicePlace"/> as one whole level.</summary>
    public required string Topic { get; init; }

    /// <summary><c>json</c>: an object whose fields hold arrays of samples; <c>csv</c>: a line per sample, without a head.</summary>
    public required string Format { get; init; }

    /// <summary>Samples per second of every field.</summary>
    public required double SampleRateHz { get; init; }

    /// <summary>Samples in one message.</summary>
    public required int SamplesPerMessage { get; init; }

    /// <summary>MQTT quality of service: 0 or 1.</summary>
    public required int QualityOfService { get; init; }

    /// <summary>Names the time of a message's first sample, in milliseconds since the sensor started; null where it sends none.</summary>
    public string? TimeField { get; init; }

    /// <summary>The fields in order: JSON paths such as <c>vibration.x</c>, or the columns of a CSV line behind the time.</summary>
    public required IReadOnlyList<SensorField> Fields { get; init; }
}

/// <summary>A field of a message.</summary>
/// <param name="Name">JSON path or column.</param>
/// <param name="Unit">Its unit, such as <c>m/s2</c>.</param>
public sealed record SensorField(string Name, string Unit);
