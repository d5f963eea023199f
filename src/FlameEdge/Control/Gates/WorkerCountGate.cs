using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Lets so many workers run at once; the others wait their turn.</summary>
/// <param name="limit">Workers at once; at least 1.</param>
/// <param name="sources">Knows what runs.</param>
public sealed class WorkerCountGate(int limit, GateSources sources) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var running = sources.Running();
        return running.Count >= limit && !running.Contains((job.Name, worker.Id))
            ? new($"workers: {running.Count} run, at most {limit} here", IsForGood: false)
            : null;
    }
}
