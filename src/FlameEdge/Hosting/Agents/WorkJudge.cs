using System.Globalization;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>Whether a worker may run now. Asked before it starts and every second while it runs.</summary>
internal sealed class WorkJudge(AgentCore core, WorkerId worker)
{
    private long readsAtLoss = -1;

    /// <summary>Null where it may run; else in which phase it waits, and why.</summary>
    /// <param name="order">What it should do.</param>
    /// <param name="isRunning">Whether it runs at present.</param>
    public (WorkPhase Phase, string? Reason)? Judge(WorkOrder order, bool isRunning)
    {
        if (order.Desired == DesiredWork.Pause)
        {
            return (WorkPhase.Paused, null);
        }

        if (order.Plan is not { } plan || order.Data is not { } data)
        {
            return (order.IsRefused ? WorkPhase.Refused : WorkPhase.Starting, order.Trouble);
        }

        if (plan.Find(worker) is not { } own || own.RunsOn != core.Agent)
        {
            // The newest document and the task are on their way apart.
            return (WorkPhase.Starting, "the job's document does not place it here");
        }

        return Refusal(plan, own, data) ?? Silence(own, order) ?? Gate(plan.Job, own) ?? Room(isRunning);
    }

    private (WorkPhase, string?)? Refusal(JobPlan plan, WorkerPlan own, DataAccess data)
    {
        var role = plan.Job.Graph.Roles.First(role => role.Name == own.Role);
        if (Fitness.Shortfalls(plan.Job, role, core.Facts.Birth) is { Count: > 0 } shortfalls)
        {
            return (WorkPhase.Refused, string.Join("; ", shortfalls));
        }

        try
        {
            if (plan.Job.Model?.Path is { } model)
            {
                data.Resolve(model);
            }

            foreach (var dataset in DatasetsOf(plan, own))
            {
                if (data.IsAbsent(dataset))
                {
                    return (WorkPhase.Waiting, $"waiting for data: dataset '{dataset.Id}' is not on this device");
                }

                data.Resolve(dataset);
            }
        }
        catch (TopologyException exception)
        {
            return (WorkPhase.Refused, exception.Message);
        }

        return null;
    }

    private static IEnumerable<DatasetSpec> DatasetsOf(JobPlan plan, WorkerPlan own)
    {
        DatasetId?[] named = [own.Dataset, plan.IsTop(own) ? plan.Job.Evaluation : null];
        return named.OfType<DatasetId>().Select(id => plan.Job.Datasets.GetValueOrDefault(id)).OfType<DatasetSpec>();
    }

    // Who could run elsewhere may have been given to somebody else meanwhile.
    private (WorkPhase, string?)? Silence(WorkerPlan own, WorkOrder order)
    {
        if (own.Dataset is not null)
        {
            return null;
        }

        if (core.Setup.Contact.Silence > order.Lease)
        {
            readsAtLoss = core.TaskReads;
            core.MustReadTask = true;
            return (WorkPhase.Waiting, string.Create(CultureInfo.InvariantCulture, $"no word from the broker for its lease of {order.Lease.TotalSeconds:0.#} s"));
        }

        return core.TaskReads == readsAtLoss ? (WorkPhase.Waiting, "reading its task anew after silence of the broker") : null;
    }

    private (WorkPhase, string?)? Gate(JobSpec job, WorkerPlan own)
    {
        foreach (var gate in core.Setup.Gates)
        {
            if (gate.Judge(job, own) is { } hold)
            {
                return (hold.IsForGood ? WorkPhase.Refused : WorkPhase.Waiting, hold.Reason);
            }
        }

        return null;
    }

    private (WorkPhase, string?)? Room(bool isRunning) => !isRunning && core.Facts.Birth.Limits.Workers is { } most && core.RunningWorkers >= most
        ? (WorkPhase.Waiting, string.Create(CultureInfo.InvariantCulture, $"workers: {core.RunningWorkers} run, at most {most} at once"))
        : null;
}
