using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>Everything that watches one run of a worker: its log and, for a top aggregator, notices, results and the handing over of checkpoints.</summary>
internal sealed class RunWatch : IJobObserver, IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly AgentWorker worker;
    private readonly JobNotices? notices;
    private readonly JobEvents? events;
    private readonly Task handing;

    public RunWatch(AgentCore core, AgentJob job, AgentWorker worker, JobPlan plan, IStateStore state, WorkerLog log)
    {
        this.worker = worker;
        List<IJobObserver> all = [this, log];
        if (plan.Find(worker.Id) is { } own && plan.IsTop(own))
        {
            Handover = new CheckpointHandover(state, worker.Id, job.TellAsync, core.Setup.Time);
            notices = new JobNotices(core.Setup.Bulletin, plan, core.Agent, announcesSpec: false);
            all.AddRange([notices, Handover]);
            if (core.Setup.ResultsOf(plan, own) is { } results)
            {
                all.Add(results);
            }
        }

        if (plan.Find(worker.Id) is { } teller && JobEvents.AreToldBy(plan, teller))
        {
            events = new JobEvents(core.Setup.Bulletin, plan.Job.Name, teller, core.Agent);
            all.Add(events);
        }

        Observer = new ObserverGroup(all);
        handing = Handover?.RunAsync(stopping.Token) ?? Task.CompletedTask;
    }

    /// <summary>Who the runner tells.</summary>
    public IJobObserver Observer { get; }

    /// <summary>What hands checkpoints over; null for a worker that is no top aggregator.</summary>
    public CheckpointHandover? Handover { get; }

    public void Say(WorkerId speaker, string line)
    {
        // The log tells.
    }

    public void RoundEnded(WorkerId speaker, RoundResult round) => worker.Reached(round.Round);

    public void RoundProgress(WorkerId speaker, int round, int present, int counted, int expected)
    {
        // Too fine.
    }

    public void JobEnded(WorkerId speaker, JobEnd end)
    {
        // The runner's end says so.
    }

    /// <summary>Gets the last checkpoint through, within a bound.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await handing;
        if (Handover is not null)
        {
            await Handover.FinishAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await handing;
        stopping.Dispose();
        if (notices is not null)
        {
            await notices.DisposeAsync();
        }

        if (events is not null)
        {
            await events.DisposeAsync();
        }
    }
}
