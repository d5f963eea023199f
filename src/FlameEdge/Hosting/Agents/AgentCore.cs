using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>What all parts of a running agent share.</summary>
internal sealed class AgentCore(FleetAgentSetup setup, ComputeGate compute, Action changed)
{
    private readonly Lock gate = new();
    private readonly HashSet<(JobId Job, WorkerId Worker)> running = [];
    private long taskReads;
    private int contentEnds;

    public FleetAgentSetup Setup { get; } = setup;

    public AgentId Agent { get; } = new(setup.Facts.Birth.Agent);

    /// <summary>Which run of the agent this is.</summary>
    public long Incarnation { get; set; }

    /// <summary>What it is at present.</summary>
    public AgentFacts Facts { get; set; } = setup.Facts;

    /// <summary>Where all its workers compute.</summary>
    public ComputeGate Compute { get; } = compute;

    /// <summary>How often a task was read in this session.</summary>
    public long TaskReads => Interlocked.Read(ref taskReads);

    /// <summary>Workers that run.</summary>
    public IReadOnlyCollection<(JobId Job, WorkerId Worker)> Running
    {
        get
        {
            lock (gate)
            {
                return [.. running];
            }
        }
    }

    /// <summary>Set by a worker that stopped for want of the broker and may start again when the task was read anew.</summary>
    public bool MustReadTask { get; set; }

    public void TaskWasRead() => Interlocked.Increment(ref taskReads);

    /// <summary>Counts a worker as running where nothing holds it: judged and counted in one, so that two do not take the last place together.</summary>
    public T? Start<T>(JobId job, WorkerId worker, Func<T?> judge)
        where T : class
    {
        lock (gate)
        {
            var hold = judge();
            if (hold is null)
            {
                running.Add((job, worker));
            }

            return hold;
        }
    }

    public void Stopped(JobId job, WorkerId worker)
    {
        lock (gate)
        {
            running.Remove((job, worker));
        }
    }

    /// <summary>Something that the agent's state tells has changed.</summary>
    public void Changed() => changed();

    /// <summary>An incarnation for an end of a <c>spec</c> channel: above all of former runs of the agent, and of this one.</summary>
    public long NextContentIncarnation() => (Incarnation << 24) + Interlocked.Increment(ref contentEnds);

    /// <summary>Says something once; what cannot be said within the bound is lost.</summary>
    public async Task SayAsync(BulletinTopic topic, AgentEvent said, TimeSpan bound, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(bound, Setup.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await Setup.Bulletin.PostAsync(topic, FleetJson.Write(said, FleetJson.Default.AgentEvent), either.Token);
        }
        catch (Exception exception) when (exception is Diagnostics.ChannelException or OperationCanceledException)
        {
            // An event is news: when the broker is back it is none.
        }
    }
}
