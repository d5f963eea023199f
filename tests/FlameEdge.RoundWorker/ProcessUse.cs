using System.Globalization;

namespace FlameEdge.RoundWorker;

/// <summary>What Linux counts for a process and for the loopback.</summary>
public static class ProcessUse
{
    // USER_HZ: what /proc counts processor time in, on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>The most memory the process has ever held, in bytes (VmHWM).</summary>
    public static long PeakBytesOf(int process) =>
        1024 * long.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    /// <summary>Processor seconds the process has used, its kernel time included.</summary>
    public static double CpuSecondsOf(int process)
    {
        // The name in brackets may hold anything; the fields are counted from its end.
        var text = File.ReadAllText($"/proc/{process}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>What the loopback has carried in this network namespace, headers of IP and TCP included.</summary>
    public static (long Bytes, long Packets) Loopback()
    {
        var fields = File.ReadLines("/proc/net/dev").First(line => line.TrimStart().StartsWith("lo:", StringComparison.Ordinal)).Split(':')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (long.Parse(fields[0], CultureInfo.InvariantCulture), long.Parse(fields[1], CultureInfo.InvariantCulture));
    }
}
