using FlameEdge.Channels;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Hosting;

/// <summary>Tells any MQTT client, on the job's <c>event</c> topic, what happens at one worker.</summary>
public sealed class JobEvents(IBulletin bulletin, JobId job, WorkerPlan own, AgentId agent) : IJobObserver, IAsyncDisposable
{
    private readonly NoticeQueue queue = new(bulletin, job, agent);

    /// <summary>True for a worker that has a story to tell: those of a Canoe job, and a coordinator.</summary>
    public static bool AreToldBy(JobPlan plan, WorkerPlan worker) =>
        plan.Job.Graph.Roles.First(role => role.Name == worker.Role).Program is Programs.Site or Programs.Directory or Programs.Coordinator;

    /// <inheritdoc/>
    public void Happened(WorkerId worker, JobEvent happened)
    {
        if (happened.IsForAll && worker == own.Id)
        {
            queue.Post(BulletinKind.Event, happened.Json.ToArray());
        }
    }

    /// <inheritdoc/>
    public void Say(WorkerId worker, string line)
    {
        // Talk stays at the terminal.
    }

    /// <inheritdoc/>
    public void RoundEnded(WorkerId worker, RoundResult round)
    {
        // Rounds have topics of their own.
    }

    /// <inheritdoc/>
    public void RoundProgress(WorkerId worker, int round, int present, int counted, int expected)
    {
        // Too fine for a broker.
    }

    /// <inheritdoc/>
    public void JobEnded(WorkerId worker, JobEnd end)
    {
        // The end of a job is its state.
    }

    /// <summary>Sends what is still to be said, within a bound.</summary>
    public ValueTask DisposeAsync() => queue.DisposeAsync();
}
