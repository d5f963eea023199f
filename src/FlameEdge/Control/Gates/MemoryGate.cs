using System.Globalization;
using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Holds workers back whose memory does not fit beside what this process has resident. The limit is the agent's or, where lower, the control group's (a service's MemoryMax, a container's).</summary>
/// <param name="limitBytes">Memory of the process with all its workers.</param>
/// <param name="sources">Where to look.</param>
public sealed class MemoryGate(long limitBytes, GateSources sources) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var limit = Math.Min(limitBytes, GroupLimit() ?? long.MaxValue);
        var needs = ThreadGate.RoleOf(job, worker).Needs.MemoryBytes ?? 0;
        if (needs > limit)
        {
            return new($"memory: needs {Figures.Megabytes(needs)}, at most {Figures.Megabytes(limit)} here", IsForGood: true);
        }

        // What runs is resident already.
        var resident = ResidentBytes();
        var more = sources.Running().Contains((job.Name, worker.Id)) ? 0 : needs;
        return resident + more > limit
            ? new($"memory: {Figures.Megabytes(resident)} in use{(more > 0 ? $" and {Figures.Megabytes(more)} needed" : string.Empty)}, at most {Figures.Megabytes(limit)} here", IsForGood: false)
            : null;
    }

    private long ResidentBytes()
    {
        try
        {
            var line = File.ReadLines(Path.Combine(sources.ProcFolder, "self", "status")).FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.TryParse(line?[6..].Replace("kB", string.Empty, StringComparison.Ordinal).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes * 1024 : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Environment.WorkingSet;
        }
    }

    // Version 2 of control groups: 0::/system.slice/flame-edge-agent.service. The strictest of the path counts.
    private long? GroupLimit()
    {
        var group = Figures.Line(Path.Combine(sources.ProcFolder, "self", "cgroup"));
        if (group is null || !group.StartsWith("0::/", StringComparison.Ordinal) || group.Contains("..", StringComparison.Ordinal))
        {
            return null;
        }

        long? least = null;
        var root = Path.Combine(sources.SysFolder, "fs", "cgroup");
        for (var folder = Path.Combine(root, group[4..]); folder.Length >= root.Length; folder = Path.GetDirectoryName(folder)!) // not null: the root is above none of them
        {
            if (Figures.Read(Path.Combine(folder, "memory.max")) is { } limit)
            {
                least = Math.Min(least ?? long.MaxValue, limit);
            }
        }

        return least;
    }
}
