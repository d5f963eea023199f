using FlameEdge.Topology.Reading;
using static FlameEdge.Control.Profiles.FirmwareProfileChecks;

namespace FlameEdge.Control.Profiles;

/// <summary>What a sensor's profile may say; docs/sensor-profile.schema.json says the same.</summary>
internal static class SensorProfileChecks
{
    private static readonly string[] Powers = ["mains", "battery", "solar"];
    private static readonly string[] Formats = ["json", "csv"];

    /// <summary>Everything that is wrong, a sentence each.</summary>
    public static IEnumerable<string> Of(SensorProfile profile)
    {
        var telemetry = profile.Telemetry;
        string?[] found =
        [
            SafeName.IsSafe(profile.Name) ? null : $"name is '{profile.Name}', but must be 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes",
            profile.Hardware.Length > 0 ? null : "hardware is empty; say what it is and where the figures come from",
            profile.Processor.Length > 0 ? null : "processor is empty; name the core",
            Within("memoryBytes", profile.MemoryBytes, 4L << 10, 1L << 30),
            Within("flashBytes", profile.FlashBytes, 16L << 10, 1L << 32),
            OneOf("power", profile.Power, Powers),
            Within("largestPacketBytes", profile.LargestPacketBytes, 128, 1 << 20),
            Within("keepAliveSeconds", profile.KeepAliveSeconds, 5, 65535),
            Topic("telemetry.topic", telemetry.Topic),
            profile.LabelTopic is { } label ? Topic("labelTopic", label) : null,
            OneOf("telemetry.format", telemetry.Format, Formats),
            telemetry.SampleRateHz is >= 0.001 and <= 100_000 ? null : $"telemetry.sampleRateHz is {telemetry.SampleRateHz}, but must be from 0.001 to 100000",
            Within("telemetry.samplesPerMessage", telemetry.SamplesPerMessage, 1, 4096),
            Within("telemetry.qualityOfService", telemetry.QualityOfService, 0, 1),
            telemetry.Fields.Count is > 0 and <= 64 ? null : $"telemetry.fields has {telemetry.Fields.Count}, but must have 1 to 64",
            telemetry.Fields.FirstOrDefault(field => field.Name.Length == 0 || field.Unit.Length == 0) is { } blank ? $"telemetry.fields has '{blank.Name}' in '{blank.Unit}', but must have a name and a unit" : null,
        ];
        return found.OfType<string>();
    }

    private static string? Topic(string key, string topic) =>
        topic.Split('/').Count(level => level == SensorTopic.DevicePlace) == 1 && !topic.Contains('+', StringComparison.Ordinal) && !topic.Contains('#', StringComparison.Ordinal)
            ? null
            : $"{key} is '{topic}', but must have {SensorTopic.DevicePlace} as one of its levels and no wildcard";
}
