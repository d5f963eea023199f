using FlameEdge.Control.Fleet;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Profiles;

/// <summary>What a firmware profile may say; docs/firmware-profile.schema.json says the same, which a test compares.</summary>
internal static class FirmwareProfileChecks
{
    private static readonly string[] Architectures = ["x64", "arm64"];
    private static readonly string[] Runtimes = ["onnx", "torch"];
    private static readonly string[] Precisions = ["float32", "float16", "bfloat16", "int8"];
    private static readonly string[] Powers = ["mains", "battery", "solar"];

    /// <summary>Everything that is wrong, a sentence each.</summary>
    public static IEnumerable<string> Of(FirmwareProfile profile)
    {
        string?[] found =
        [
            SafeName.IsSafe(profile.Name) ? null : $"name is '{profile.Name}', but must be 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes",
            profile.Hardware.Length > 0 ? null : "hardware is empty; say what it is and where the figures come from",
            OneOf("architecture", profile.Architecture, Architectures),
            Within("memoryBytes", profile.MemoryBytes, 64L << 20, 4L << 40),
            profile.MemoryLimitBytes is { } limit ? Within("memoryLimitBytes", limit, 64L << 20, 4L << 40) : null,
            profile.MemoryLimitBytes > profile.MemoryBytes ? "memoryLimitBytes is above memoryBytes: the agent cannot have more than there is" : null,
            Within("storageBytes", profile.StorageBytes, 64L << 20, 1L << 50),
            Within("threads", profile.Threads, 1, 1024),
            AllOf("runtimes", profile.Runtimes, Runtimes),
            AllOf("precision", profile.Precision, Precisions),
            Within("largestBatch", profile.LargestBatch, 1, 65536),
            Within("largestPacketBytes", profile.LargestPacketBytes, 4096, 1 << 28),
            Within("windowBytes", profile.WindowBytes, 4096, 1 << 30),
            profile.WindowBytes >= profile.LargestPacketBytes ? null : "windowBytes is below largestPacketBytes: no packet would ever fit",
            Within("keepAliveSeconds", profile.KeepAliveSeconds, 5, 65535),
            Within("sessionExpirySeconds", profile.SessionExpirySeconds, 0, 30 * 24 * 3600),
            profile.DailyBytes is { } daily ? Within("dailyBytes", daily, 1L << 20, 1L << 50) : null,
            OneOf("power", profile.Power, Powers),
            profile.LeastBatteryPercent is { } charge ? Within("leastBatteryPercent", charge, 1, 100) : null,
            profile.TrainingWindows?.FirstOrDefault(window => !DailyWindows.IsOne(window)) is { } window ? $"trainingWindows holds '{window}', but must hold times of day such as 22:00-06:00" : null,
            Within("temperatureLimitCelsius", profile.TemperatureLimitCelsius, 40, 110),
        ];
        return found.OfType<string>();
    }

    internal static string? Within(string key, long value, long least, long most) =>
        value >= least && value <= most ? null : $"{key} is {value}, but must be from {least} to {most}";

    internal static string? OneOf(string key, string value, string[] known) =>
        known.Contains(value) ? null : $"{key} is '{value}', but must be one of {string.Join(", ", known)}";

    private static string? AllOf(string key, IReadOnlyList<string> values, string[] known) =>
        values.Count > 0 && values.All(known.Contains) ? null : $"{key} is '{string.Join(", ", values)}', but must be some of {string.Join(", ", known)}";
}
