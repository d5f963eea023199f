using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Keeps to the day's bytes: nothing runs once they are spent, and on a metered link nothing starts that needs more than is left of them.</summary>
/// <param name="dailyBytes">Bytes a day, both ways.</param>
/// <param name="isMetered">True where bytes cost money.</param>
/// <param name="budget">Counts them.</param>
/// <param name="sources">Knows what runs.</param>
public sealed class ByteBudgetGate(long dailyBytes, bool isMetered, ByteBudget budget, GateSources sources) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var needs = ThreadGate.RoleOf(job, worker).Needs.DailyBytes ?? 0;
        if (needs > dailyBytes)
        {
            return new($"bytes a day: needs {Figures.Megabytes(needs)}, at most {Figures.Megabytes(dailyBytes)} here", IsForGood: true);
        }

        var left = dailyBytes - budget.BytesToday;
        if (left <= 0)
        {
            return new($"bytes a day: {Figures.Megabytes(dailyBytes)} are spent; goes on tomorrow", IsForGood: false);
        }

        return isMetered && needs > left && !sources.Running().Contains((job.Name, worker.Id))
            ? new($"bytes a day: needs {Figures.Megabytes(needs)}, {Figures.Megabytes(left)} are left on this metered link; starts tomorrow", IsForGood: false)
            : null;
    }
}
