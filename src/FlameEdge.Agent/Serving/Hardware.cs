using System.Globalization;
using System.Runtime.InteropServices;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Agent.Serving;

/// <summary>Measures the device. What cannot be read is left out, never guessed.</summary>
internal static class Hardware
{
    private const int LongestText = 100;
    private const string CgroupRoot = "/sys/fs/cgroup";

    /// <summary>The device's figures.</summary>
    /// <param name="stateFolder">Where state is kept; it exists.</param>
    public static HardwareFacts Measure(string stateFolder) => new()
    {
        Architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        Cores = Environment.ProcessorCount,
        MemoryBytes = Math.Min(MainMemory(), ServiceLimit()),
        FreeStorageBytes = FreeStorage(stateFolder),
        Model = Text("/proc/device-tree/model") ?? Text("/sys/class/dmi/id/product_name"),
        System = SystemName(),
    };

    private static long MainMemory() =>
        Lines("/proc/meminfo").FirstOrDefault(line => line.StartsWith("MemTotal:", StringComparison.Ordinal)) is { } line && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes * 1024
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    // The least of what this control group and those above it allow (cgroup 2).
    private static long ServiceLimit()
    {
        var least = long.MaxValue;
        var path = Lines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::/", StringComparison.Ordinal))?[3..];
        for (var group = path; group is { Length: > 0 }; group = group == "/" ? null : Path.GetDirectoryName(group))
        {
            if (long.TryParse(First(CgroupRoot + group.TrimEnd('/') + "/memory.max"), CultureInfo.InvariantCulture, out var limit))
            {
                least = Math.Min(least, limit);
            }
        }

        return least;
    }

    private static long FreeStorage(string folder)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }

    private static string? SystemName() =>
        Lines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?["PRETTY_NAME=".Length..].Trim('"') ?? RuntimeInformation.OSDescription;

    private static string? Text(string path) => First(path)?.Trim('\0', ' ') is { Length: > 0 } text ? text[..Math.Min(text.Length, LongestText)] : null;

    private static string? First(string path) => Lines(path) is [var first, ..] ? first : null;

    private static string[] Lines(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
