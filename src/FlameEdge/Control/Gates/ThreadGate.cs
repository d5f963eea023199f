using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Refuses a worker whose engine wants more threads than learning may use here; <c>JobSetup.ComputeLimit</c> keeps those that fit below it together.</summary>
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

    /// <summary>How many trainings and scorings may run at once (<c>JobSetup.ComputeLimit</c>), so that all their engines together keep to <paramref name="threads"/>; at least 1.</summary>
    public static int ComputeLimit(int threads, JobSpec job) =>
        Math.Max(1, threads / Math.Max(1, job.Graph.Roles.Max(role => job.TrainingOf(role.Name).Threads)));

    internal static RoleSpec RoleOf(JobSpec job, WorkerPlan worker) => job.Graph.Roles.First(role => role.Name == worker.Role);
}
