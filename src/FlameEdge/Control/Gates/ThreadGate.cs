using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Refuses a worker whose engine wants more threads than learning may use here; <see cref="Models.ComputeGate"/> keeps those that fit below it together.</summary>
/// <param name="threads">Threads of learning; at least 1.</param>
public sealed class ThreadGate(int threads) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var engine = worker.Dataset is null ? 1 : job.TrainingOf(worker.Role).Threads;
        var needed = Math.Max(engine, RoleOf(job, worker).Needs.Threads ?? 0);
        return needed > threads ? new($"threads: needs {needed}, at most {threads} here", IsForGood: true) : null;
    }

    internal static RoleSpec RoleOf(JobSpec job, WorkerPlan worker) => job.Graph.Roles.First(role => role.Name == worker.Role);
}
