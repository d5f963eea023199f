using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting.Agents;

/// <summary>One worker in an agent's task: started when it may run, paused when it may not, started again by itself, and never after it has ended.</summary>
internal sealed partial class AgentWorker : IAsyncDisposable
{
    private const string Ended = "ended";
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5);
    private readonly AgentCore core;
    private readonly AgentJob job;
    private readonly WorkJudge judge;
    private readonly IStateStore state;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly Pulse pulse = new();
    private readonly Task running;
    private volatile WorkOrder order;
    private volatile WorkReport report;
    private volatile CheckpointHandover? handover;

    public AgentWorker(AgentCore core, AgentJob job, IStateStore state, WorkerId id, int attempt, WorkOrder order)
    {
        this.core = core;
        this.job = job;
        this.state = state;
        this.order = order;
        Id = id;
        Attempt = attempt;
        judge = new WorkJudge(core, id, () => job.LeaseOf(id));
        logger = core.Setup.Loggers.CreateLogger<AgentWorker>();
        report = new WorkReport { Job = job.Key.Job.Value, Generation = job.Key.Generation, Worker = id.Value, Attempt = attempt, Phase = WorkPhase.Starting };
        running = RunAsync();
    }

    public WorkerId Id { get; }

    /// <summary>Which placement of the worker this is.</summary>
    public int Attempt { get; }

    /// <summary>How it is.</summary>
    public WorkReport Report => report;

    /// <summary>What it hands to the controller; null where it has nothing to hand over.</summary>
    public CheckpointHandover? Handover => handover;

    /// <summary>It should do this from now on.</summary>
    public void Set(WorkOrder latest)
    {
        if (latest != order)
        {
            order = latest;
            pulse.Send();
        }
    }

    /// <summary>Something a gate or a limit depends on has changed.</summary>
    public void LookAgain() => pulse.Send();

    /// <summary>Stops it; its state is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            if (await EndedBeforeAsync() is { } before)
            {
                Tell(report with { Phase = before.Phase, Reason = before.Reason, Round = before.Round });
                return;
            }

            while (!stopping.IsCancellationRequested)
            {
                var changed = pulse.Next;
                if (core.Start(job.Key.Job, Id, () => judge.Judge(order)) is { } hold)
                {
                    Tell(hold.Phase, hold.Reason);
                    await Pulse.AnyAsync(Look, core.Setup.Time, stopping.Token, changed);
                }
                else if (await RunOnceAsync())
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped; it goes on when it is started again.
        }
        catch (Exception exception)
        {
            // Its own fault is not another's: the rest of the agent goes on.
            LogFailed(Id.Value, exception.Message);
            Tell(WorkPhase.Failed, exception.Message);
        }
    }

    // True where the worker has ended.
    private async Task<bool> RunOnceAsync()
    {
        var started = order;
        var plan = started.Plan!; // The judge has seen it.
        IReadOnlyList<IChannelBackend> backends = [];
        try
        {
            Tell(WorkPhase.Starting, null);
            backends = core.Setup.OpenBackends();
            await TakeCheckpointAsync(started);
            await using var log = new WorkerLog(core, job.Key.Job, Id);
            await using var watch = new RunWatch(core, job, this, plan, state, log);
            handover = watch.Handover;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
            var runner = new JobRunner(SetupOf(plan, started, backends, log, watch));
            Tell(WorkPhase.Running, null);
            var run = runner.RunAsync(stop.Token);
            await GuardAsync(run, runner, plan, stop);
            return await OutcomeAsync(run, watch, stop.Token);
        }
        catch (ChannelException exception) when (handover is null && exception.Fault is ChannelFault.TimedOut or ChannelFault.PeerLeft or ChannelFault.Refused && started.Checkpoint is not null && report.Phase == WorkPhase.Starting)
        {
            // Without its checkpoint it would begin at the beginning; the controller comes back.
            Tell(WorkPhase.Starting, $"waiting for its checkpoint: {exception.Message}");
            await Pulse.AnyAsync(Look, core.Setup.Time, stopping.Token);
            return false;
        }
        finally
        {
            handover = null;
            core.Stopped(job.Key.Job, Id);
            foreach (var backend in backends)
            {
                await backend.DisposeAsync();
            }
        }
    }

    // Stops the run when it may not go on, and tells it of new placements.
    private async Task GuardAsync(Task run, JobRunner runner, JobPlan plan, CancellationTokenSource stop)
    {
        while (!run.IsCompleted)
        {
            var changed = pulse.Next;
            if (judge.Judge(order) is { } hold)
            {
                await StopAsync(run, hold, stop);
                return;
            }

            if (order.Plan is { } latest && latest != plan)
            {
                plan = latest;
                await runner.PlaceAsync(latest, stop.Token);
            }

            await Pulse.AnyAsync(judge.Left < Look ? judge.Left.Value : Look, core.Setup.Time, stopping.Token, run, changed);
            if (stopping.IsCancellationRequested)
            {
                await StopAsync(run, null, stop);
                return;
            }
        }
    }

    // An engine ends its present step first, however long that takes: whoever looks is told that it still does.
    private async Task StopAsync(Task run, WorkHeld? hold, CancellationTokenSource stop)
    {
        await stop.CancelAsync();
        if (await Task.WhenAny(run, Task.Delay(Prompt, core.Setup.Time, CancellationToken.None)) != run)
        {
            LogSlow(Id.Value, Prompt.TotalSeconds);
            Tell(hold?.Phase ?? report.Phase, $"{hold?.Reason ?? "stops"}; its present step has not ended yet");
            await Task.WhenAny(run);
        }

        if (hold is not null)
        {
            Tell(hold.Phase, hold.Reason);
        }
    }

    private async Task<bool> OutcomeAsync(Task run, RunWatch watch, CancellationToken cancellationToken)
    {
        try
        {
            await run;
            await watch.FinishAsync(stopping.Token);
            await EndAsync(WorkPhase.Done, null);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception exception)
        {
            LogFailed(Id.Value, exception.Message);
            await EndAsync(WorkPhase.Failed, exception is FlameEdgeException ? exception.Message : $"{exception.GetType().Name}: {exception.Message}");
            return true;
        }
    }

    private JobSetup SetupOf(JobPlan plan, WorkOrder started, IReadOnlyList<IChannelBackend> backends, WorkerLog log, RunWatch watch)
    {
        var data = started.Data!; // It comes with the plan.
        return new JobSetup
        {
            Plan = Readable(plan, data),
            Workers = [Id],
            Roles = core.Setup.Roles,
            Engines = core.Setup.Engines,
            LoadAsync = (spec, token) => core.Setup.LoadAsync(data.Resolve(spec), token),
            State = state,
            Backends = backends.ToDictionary(backend => backend.Name, StringComparer.Ordinal),
            Observer = watch.Observer,
            Compute = core.Compute,
            IncarnationFloor = (long)Attempt << 32,
            Time = core.Setup.Time,
            Loggers = log,
        };
    }

    // The plan with the files that it names as they can be read here.
    private static JobPlan Readable(JobPlan plan, DataAccess data)
    {
        var job = plan.Job;
        job = job.Model is { Path: { } path } model ? job with { Model = model with { Path = data.Resolve(path) } } : job;
        job = job.Canoe is { Stream: { } stream } canoe ? job with { Canoe = canoe with { Stream = data.Resolve(stream), StreamData = canoe.StreamData is { } folder ? data.Resolve(folder) : null } } : job;
        return job == plan.Job ? plan : new JobPlan(job, plan.Workers);
    }

    private async Task TakeCheckpointAsync(WorkOrder started)
    {
        if (started.Checkpoint is not { } hash)
        {
            return;
        }

        var content = await job.FetchAsync(hash, stopping.Token);
        await RunSnapshot.PutAsync(state, Id, content, stopping.Token);
    }

    private async Task<EndedWork?> EndedBeforeAsync() =>
        await state.ReadAsync(Ended, Id.Value, stopping.Token) is { } json && System.Text.Json.JsonSerializer.Deserialize(json, MemoryJson.Default.EndedWork) is { } ended && ended.Attempt == Attempt ? ended : null;

    private async Task EndAsync(WorkPhase phase, string? reason)
    {
        var ended = new EndedWork(Attempt, phase, NoticeSize.Short(reason), report.Round);
        await state.CommitAsync([new StateChange(Ended, Id.Value, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(ended, MemoryJson.Default.EndedWork), IsManifest: true)], CancellationToken.None);
        Tell(phase, reason);
    }

    /// <summary>The worker has come so far.</summary>
    internal void Reached(int round) => Tell(report with { Round = round });

    private void Tell(WorkPhase phase, string? reason) => Tell(report with { Phase = phase, Reason = NoticeSize.Short(reason) });

    private void Tell(WorkReport latest)
    {
        if (latest != report)
        {
            report = latest;
            core.Changed();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {Worker} was told to stop {Seconds} s ago and has not ended its present step yet")]
    private partial void LogSlow(string worker, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Worker {Worker} failed: {Cause}")]
    private partial void LogFailed(string worker, string cause);
}
