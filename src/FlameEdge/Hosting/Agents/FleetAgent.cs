using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting.Agents;

/// <summary>A device in a fleet: it says what it is and how it is, reads what it should run, and runs it, through restarts of everybody.</summary>
/// <remarks>Runs once. All that it must not forget is in the state store before it is acted on, so it may be killed at any moment.</remarks>
public sealed partial class FleetAgent : IDisposable
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RereadBound = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CountKept = TimeSpan.FromMinutes(1);

    // A former run's birth comes at once; whoever comes later is a second agent of the same name.
    private static readonly TimeSpan LookingBack = TimeSpan.FromSeconds(10);

    // It is shifted to make room for the channels' own counts.
    private const long HighestIncarnation = 1L << 38;
    private readonly FleetAgentSetup setup;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly AgentMemory memory;
    private readonly AgentCore core;
    private readonly TaskDesk desk;
    private readonly NoticeBoard board;
    private readonly SemaphoreSlim atDesk = new(1, 1);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string session = Guid.NewGuid().ToString("N")[..12];
    private AgentCondition? fixedCondition = AgentCondition.Init;
    private string? alarm;
    private long lastTurn;
    private long started;
    private long bytesTold;

    /// <param name="setup">All it needs.</param>
    public FleetAgent(FleetAgentSetup setup)
    {
        this.setup = setup;
        time = setup.Time;
        logger = setup.Loggers.CreateLogger<FleetAgent>();
        memory = new AgentMemory(setup.State);
        board = new NoticeBoard(setup, () => Birth, StateNow);
        core = new AgentCore(setup, new ComputeGate(setup.Facts.Birth.Limits.Threads), board.Changed);
        desk = new TaskDesk(core, memory);
        lastTurn = time.GetTimestamp();
    }

    /// <summary>Completes when birth and state are posted and the task is watched.</summary>
    public Task Ready => ready.Task;

    /// <summary>The workers that run now.</summary>
    public IReadOnlyCollection<(JobId Job, WorkerId Worker)> Running => core.Running;

    /// <summary>Which run of the agent this is; 0 before it runs.</summary>
    public long Incarnation => core.Incarnation;

    /// <summary>Time since its main loop last turned, for a watchdog: it turns every second.</summary>
    public TimeSpan SinceTurn => time.GetElapsedTime(Interlocked.Read(ref lastTurn));

    /// <summary>How it is.</summary>
    public AgentState State => StateNow();

    private AgentBirth Birth => core.Facts.Birth with { Incarnation = core.Incarnation, Session = session };

    /// <summary>It is something else from now on: told to the fleet, and every worker is looked at again.</summary>
    public void Change(AgentFacts facts)
    {
        core.Facts = facts;
        board.Changed();
        desk.LookAgain();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        core.Compute.Dispose();
        atDesk.Dispose();
    }

    /// <summary>Runs until cancelled, then stops its workers and says good-bye.</summary>
    /// <exception cref="StateException">Its own memory cannot be read or written.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await memory.LoadAsync(cancellationToken);
        await KeepAsync(known => known with { Incarnation = known.Incarnation + 1 }, cancellationToken);
        core.Incarnation = memory.Known.Incarnation;
        bytesTold = setup.Bytes?.BytesToday ?? 0;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        started = time.GetTimestamp();
        var births = WatchBirthAsync(stopping.Token);
        await board.PostAsync(cancellationToken);
        Task[] loops = [births, board.RunAsync(stopping.Token), WatchTaskAsync(stopping.Token), new Heartbeat(core, desk).RunAsync(stopping.Token), TurnAsync(stopping.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Good-bye.
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await LeaveAsync();
        }
    }

    // Subscribed before the birth is posted: what stands there of a former run comes first, and is outdone where the disk has forgotten it.
    private async Task WatchBirthAsync(CancellationToken cancellationToken)
    {
        await foreach (var notice in setup.Bulletin.WatchAsync(BulletinTopic.OfFleet(core.Agent, BulletinKind.Birth), cancellationToken))
        {
            if (FleetJson.Read(notice.Json.Span, FleetJson.Default.AgentBirth) is not { } seen || seen.Agent != core.Agent.Value || seen.Session == session || seen.Incarnation is < 0 or > HighestIncarnation || seen.Incarnation < core.Incarnation)
            {
                continue;
            }

            if (time.GetElapsedTime(started) < LookingBack)
            {
                await KeepAsync(known => known with { Incarnation = seen.Incarnation + 1 }, cancellationToken);
                core.Incarnation = memory.Known.Incarnation;
            }
            else
            {
                // Outdoing each other for ever would help nobody.
                alarm = $"another process is the agent '{core.Agent}' too, as run {seen.Incarnation}: stop one, or give it another name";
                LogAlarm(alarm);
            }

            board.Changed();
        }
    }

    private async Task WatchTaskAsync(CancellationToken cancellationToken)
    {
        fixedCondition = null;
        var notices = setup.Bulletin.WatchAsync(BulletinTopic.OfFleet(core.Agent, BulletinKind.Task), cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (notices)
        {
            var next = notices.MoveNextAsync().AsTask();
            ready.TrySetResult();
            board.Changed();
            while (await next)
            {
                await TakeAsync(notices.Current.Json, cancellationToken);
                next = notices.MoveNextAsync().AsTask();
            }
        }
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        await atDesk.WaitAsync(cancellationToken);
        try
        {
            await desk.TakeAsync(json, cancellationToken);
        }
        finally
        {
            atDesk.Release();
        }
    }

    // The main loop: what is due is done, and a watchdog sees that it turns.
    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        var kept = time.GetTimestamp();
        while (true)
        {
            Interlocked.Exchange(ref lastTurn, time.GetTimestamp());
            if (core.MustReadTask && setup.Contact.IsConnected && setup.Contact.Silence < desk.Jobs.Select(job => job.Lease).Append(RereadBound).Min())
            {
                await ReadTaskAnewAsync(cancellationToken);
            }

            if (time.GetElapsedTime(kept) >= CountKept)
            {
                kept = time.GetTimestamp();
                await KeepCountAsync(cancellationToken);
            }

            await Task.Delay(Turn, time, cancellationToken);
        }
    }

    private async Task ReadTaskAnewAsync(CancellationToken cancellationToken)
    {
        var topic = BulletinTopic.OfFleet(core.Agent, BulletinKind.Task);
        if (await setup.Bulletin.ReadAsync(topic, RereadBound, cancellationToken) is { } notice)
        {
            core.MustReadTask = false;
            await TakeAsync(notice.Json, cancellationToken);
            desk.LookAgain();
        }
    }

    private async Task KeepCountAsync(CancellationToken cancellationToken)
    {
        if (setup.Bytes is { } bytes)
        {
            await bytes.SaveAsync(cancellationToken);
            bytesTold = bytes.BytesToday;
            board.Changed();
        }
    }

    private async Task KeepAsync(Func<RememberedAgent, RememberedAgent> change, CancellationToken cancellationToken)
    {
        await atDesk.WaitAsync(cancellationToken);
        try
        {
            await memory.KeepAsync(change(memory.Known), cancellationToken);
        }
        finally
        {
            atDesk.Release();
        }
    }

    private async Task LeaveAsync()
    {
        await desk.StopAsync();
        fixedCondition = AgentCondition.Disconnected;
        using var bound = new CancellationTokenSource(Farewell, time);
        try
        {
            await KeepCountAsync(bound.Token);
            await board.PostAsync(bound.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or StateException)
        {
            // The will says it.
        }
    }

    private AgentState StateNow()
    {
        // Before the work: what a reader of this revision finds is at least as new.
        var revision = desk.Revision;
        IReadOnlyList<WorkReport> work = desk.Reports;
        var (condition, reason) = ConditionOf(work);
        return new AgentState
        {
            Agent = core.Agent.Value,
            Incarnation = core.Incarnation,
            State = condition,
            Reason = reason,
            Epoch = memory.Known.Epoch,
            Revision = revision,
            Work = work,
            Config = core.Facts.Config,
            BytesToday = bytesTold,
        };
    }

    private (AgentCondition, string?) ConditionOf(IReadOnlyList<WorkReport> work)
    {
        if (fixedCondition is { } condition)
        {
            return (condition, null);
        }

        if (alarm is not null)
        {
            return (AgentCondition.Alert, alarm);
        }

        return work.Any(report => report.Phase is WorkPhase.Running or WorkPhase.Starting) ? (AgentCondition.Busy, null)
            : work.FirstOrDefault(report => report.Phase == WorkPhase.Waiting) is { } waiting ? (AgentCondition.Sleeping, waiting.Reason)
            : (AgentCondition.Ready, null);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Alarm}")]
    private partial void LogAlarm(string alarm);
}
