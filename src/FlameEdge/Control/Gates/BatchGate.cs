using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Refuses to train with larger batches than the device may. A full batch has no size before its data is loaded and is left to the memory limit.</summary>
/// <param name="largest">Samples of a step.</param>
public sealed class BatchGate(int largest) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker) =>
        worker.Dataset is not null && job.TrainingOf(worker.Role).BatchSize is { } batch && batch > largest
            ? new($"batch: needs {batch}, at most {largest} here", IsForGood: true)
            : null;
}
