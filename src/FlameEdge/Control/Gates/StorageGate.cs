using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Holds workers back whose state does not fit: into the agent's limit beside what its folder holds already, or onto the disk.</summary>
/// <param name="limitBytes">Space for state and data.</param>
/// <param name="sources">Where to look.</param>
/// <param name="time">The clock: the folder is measured at most every half minute.</param>
public sealed class StorageGate(long limitBytes, GateSources sources, TimeProvider time) : IWorkGate
{
    private static readonly TimeSpan MeasuredFor = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private (long Stamp, long Bytes)? measured;

    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var needs = ThreadGate.RoleOf(job, worker).Needs.StorageBytes ?? 0;
        if (needs > limitBytes)
        {
            return new($"storage: needs {Figures.Megabytes(needs)}, at most {Figures.Megabytes(limitBytes)} here", IsForGood: true);
        }

        // What a running worker needs may be part of what is used; only those that come are added.
        var more = sources.Running().Contains((job.Name, worker.Id)) ? 0 : needs;
        var used = UsedBytes();
        if (used + more > limitBytes)
        {
            return new($"storage: {Figures.Megabytes(used)} in use{(more > 0 ? $" and {Figures.Megabytes(more)} needed" : string.Empty)}, at most {Figures.Megabytes(limitBytes)} here", IsForGood: false);
        }

        return FreeBytes() is { } free && more > free ? new($"storage: needs {Figures.Megabytes(more)}, {Figures.Megabytes(free)} free on the disk", IsForGood: false) : null;
    }

    private long UsedBytes()
    {
        lock (gate)
        {
            if (measured is { } last && time.GetElapsedTime(last.Stamp) < MeasuredFor)
            {
                return last.Bytes;
            }

            var bytes = SizeOf(sources.StateFolder);
            measured = (time.GetTimestamp(), bytes);
            return bytes;
        }
    }

    // Files come and go while they are counted.
    private static long SizeOf(string folder)
    {
        var bytes = 0L;
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        try
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", options))
            {
                bytes += file.Exists ? file.Length : 0;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What was counted so far is the best there is.
        }

        return bytes;
    }

    private long? FreeBytes()
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(sources.StateFolder)).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
