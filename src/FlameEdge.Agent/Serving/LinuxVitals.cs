using System.Globalization;
using FlameEdge.Hosting.Agents;

namespace FlameEdge.Agent.Serving;

/// <summary>Figures from <c>/proc</c> and <c>/sys</c>. Not thread-safe: one asks.</summary>
internal sealed class LinuxVitals(TimeProvider time) : IDeviceVitals
{
    private long asked = time.GetTimestamp();
    private TimeSpan used = Environment.CpuUsage.TotalTime;

    public DeviceVitals Measure() => new(Resident(), Processor(), Temperature());

    private static long? Resident() =>
        Read("/proc/self/statm")?.Split(' ') is [_, var pages, ..] && long.TryParse(pages, CultureInfo.InvariantCulture, out var count) ? count * Environment.SystemPageSize : null;

    private double? Processor()
    {
        var (now, total) = (time.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var passed = time.GetElapsedTime(asked, now);
        var share = passed > TimeSpan.Zero ? Math.Clamp((total - used) / passed / Environment.ProcessorCount, 0, 1) : (double?)null;
        (asked, used) = (now, total);
        return share;
    }

    // The hottest zone: it is the one that throttles.
    private static double? Temperature()
    {
        double? hottest = null;
        foreach (var zone in Directory.Exists("/sys/class/thermal") ? Directory.EnumerateDirectories("/sys/class/thermal", "thermal_zone*") : [])
        {
            if (long.TryParse(Read(Path.Combine(zone, "temp"))?.Trim(), CultureInfo.InvariantCulture, out var thousandths) && thousandths is > 0 and < 200_000)
            {
                hottest = Math.Max(hottest ?? double.MinValue, thousandths / 1000.0);
            }
        }

        return hottest;
    }

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
