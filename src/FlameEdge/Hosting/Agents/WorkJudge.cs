using System.Globalization;
using FlameEdge.Control.Fleet;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>Whether a worker may run now. Asked before it starts, every second while it runs, and when its lease ends.</summary>
/// <param name="core">The agent.</param>
/// <param name="worker">The worker.</param>
/// <param name="lease">How long it may go on without the broker, as its task says at this moment; null for ever.</param>
internal sealed class WorkJudge(AgentCore core, WorkerId worker, Func<TimeSpan?> lease)
{
    // Stopping takes a moment, and clocks differ a little: it begins before the lease is over.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);
    private long readsAtLoss = -1;

    /// <summary>Time until the worker must stop unless the broker speaks; zero where it is over, null for never.</summary>
    public TimeSpan? Left => lease() is { } whole ? StopAfter(whole) - core.Setup.Contact.Silence is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero : null;

    /// <summary>Silence of the broker after which a leased worker stops: a second before the lease is over, half of a short one.</summary>
    public static TimeSpan StopAfter(TimeSpan lease) => lease > 2 * Margin ? lease - Margin : lease / 2;

    /// <summary>Null where it may run; else in which phase it waits, and why.</summary>
    /// <param name="order">What it should do.</param>
    public WorkHeld? Judge(WorkOrder order)
    {
        if (order.Desired == DesiredWork.Pause)
        {
            return new(WorkPhase.Paused, null);
        }

        if (order.Plan is not { } plan || order.Data is not { } data)
        {
            return new(order.IsRefused ? WorkPhase.Refused : WorkPhase.Starting, order.Trouble);
        }

        if (plan.Find(worker) is not { } own || own.RunsOn != core.Agent)
        {
            // The newest document and the task are on their way apart.
            return new(WorkPhase.Starting, "the job's document does not place it here");
        }

        return Refusal(plan, own, data) ?? Silence() ?? Gate(plan.Job, own);
    }

    private WorkHeld? Refusal(JobPlan plan, WorkerPlan own, DataAccess data)
    {
        var role = plan.Job.Graph.Roles.First(role => role.Name == own.Role);
        if (Fitness.Shortfalls(plan.Job, role, core.Facts.Birth) is { Count: > 0 } shortfalls)
        {
            return new(WorkPhase.Refused, string.Join("; ", shortfalls));
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
                    return new(WorkPhase.Waiting, $"waiting for data: dataset '{dataset.Id}' is not on this device");
                }

                data.Resolve(dataset);
            }
        }
        catch (TopologyException exception)
        {
            return new(WorkPhase.Refused, exception.Message);
        }

        return null;
    }

    private static IEnumerable<DatasetSpec> DatasetsOf(JobPlan plan, WorkerPlan own)
    {
        DatasetId?[] named = [own.Dataset, plan.IsTop(own) ? plan.Job.Evaluation : null];
        return named.OfType<DatasetId>().Select(id => plan.Job.Datasets.GetValueOrDefault(id)).OfType<DatasetSpec>();
    }

    // Who could run elsewhere may have been given to somebody else meanwhile.
    private WorkHeld? Silence()
    {
        if (Left == TimeSpan.Zero)
        {
            readsAtLoss = core.TaskReads;
            core.MustReadTask = true;
            return new(WorkPhase.Waiting, string.Create(CultureInfo.InvariantCulture, $"no word from the broker for its lease of {lease()?.TotalSeconds:0.#} s"));
        }

        return core.TaskReads == readsAtLoss ? new(WorkPhase.Waiting, "reading its task anew after silence of the broker") : null;
    }

    private WorkHeld? Gate(JobSpec job, WorkerPlan own)
    {
        foreach (var gate in core.Setup.Gates())
        {
            if (gate.Judge(job, own) is { } hold)
            {
                return new(hold.IsForGood ? WorkPhase.Refused : WorkPhase.Waiting, hold.Reason);
            }
        }

        return null;
    }
}

/// <summary>What keeps a worker from running.</summary>
/// <param name="Phase">In which phase it waits.</param>
/// <param name="Reason">Why, for people; null where the phase says it.</param>
internal sealed record WorkHeld(WorkPhase Phase, string? Reason);
