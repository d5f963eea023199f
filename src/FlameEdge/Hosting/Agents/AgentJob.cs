using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting.Agents;

/// <summary>A job in an agent's task: its text fetched, its workers as they are listed, and a folder that goes when the job goes.</summary>
internal sealed partial class AgentJob : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan ClearBound = TimeSpan.FromSeconds(3);
    private readonly AgentCore core;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly Pulse pulse = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, AgentWorker> workers = new(StringComparer.Ordinal);
    private readonly Task running;
    private volatile Wish wish;
    private CancellationTokenSource fetching = new();
    private volatile JobContent? content;
    private IStateStore? state;
    private string? read;
    private bool hadTop;
    private WorkOrder known = new() { Desired = DesiredWork.Run, Trouble = "fetching the job's text" };

    /// <param name="core">The agent.</param>
    /// <param name="key">Which submission of which job.</param>
    /// <param name="job">What the task says of it.</param>
    /// <param name="controller">Whose task it is.</param>
    /// <param name="before">Must be over before anything begins: a former submission has the same places on the channels.</param>
    public AgentJob(AgentCore core, JobKey key, TaskJob job, AgentId controller, Task before)
    {
        this.core = core;
        Key = key;
        wish = new Wish(job, controller);
        logger = core.Setup.Loggers.CreateLogger<AgentJob>();
        running = RunAsync(before);
    }

    /// <summary>Which submission of which job.</summary>
    public JobKey Key { get; }

    /// <summary>How its workers are.</summary>
    public IReadOnlyList<WorkReport> Reports
    {
        get
        {
            lock (gate)
            {
                return [.. workers.Values.Select(worker => worker.Report)];
            }
        }
    }

    /// <summary>Without word from the broker, its leased workers have stopped before so long.</summary>
    public TimeSpan Lease => TimeSpan.FromSeconds(wish.Job.LeaseSeconds);

    /// <summary>The lease of a worker as the newest task has it, acted on or not: that task is confirmed already. Null for one that is not leased.</summary>
    public TimeSpan? LeaseOf(WorkerId worker) => wish.Job is var job && job.Leased.Contains(worker.Value) ? TimeSpan.FromSeconds(job.LeaseSeconds) : null;

    /// <summary>The task says this of it now.</summary>
    public void Set(TaskJob job, AgentId controller)
    {
        lock (gate)
        {
            if (wish.Job.Document != job.Document || wish.Controller != controller)
            {
                fetching.Cancel();
                fetching = new CancellationTokenSource();
            }

            wish = new Wish(job, controller);
        }

        pulse.Send();
    }

    /// <summary>Something the workers' gates or limits depend on has changed.</summary>
    public void LookAgain()
    {
        pulse.Send();
        lock (gate)
        {
            foreach (var worker in workers.Values)
            {
                worker.LookAgain();
            }
        }
    }

    /// <summary>Content of the controller.</summary>
    /// <exception cref="ChannelException">It does not hand it over in time.</exception>
    public Task<byte[]> FetchAsync(string hash, CancellationToken cancellationToken) =>
        content?.FetchAsync(hash, cancellationToken) ?? throw new ChannelException($"the spec channel of job '{Key.Job}' is not open yet") { Fault = ChannelFault.PeerLeft };

    /// <summary>Tells the controller of a snapshot.</summary>
    /// <exception cref="ChannelException">It is not there.</exception>
    public Task TellAsync(CheckpointNote note, CancellationToken cancellationToken) =>
        content?.TellAsync(note, cancellationToken) ?? throw new ChannelException($"the spec channel of job '{Key.Job}' is not open yet") { Fault = ChannelFault.PeerLeft };

    /// <summary>Stops everything; its folder stays, and it goes on when the task is read again.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    /// <summary>Stops everything and removes the folder: the job's generation is gone from the task.</summary>
    public async Task EndAsync()
    {
        await DisposeAsync();
        core.Setup.Folders.Delete(Key);
        if (hadTop)
        {
            await ClearAsync(BulletinKind.State);
            await ClearAsync(BulletinKind.Round);
        }
    }

    private async Task RunAsync(Task before)
    {
        await Task.Yield();
        try
        {
            await before.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (!stopping.IsCancellationRequested)
            {
                var changed = pulse.Next;
                var isComplete = await StepAsync();
                await Pulse.AnyAsync(isComplete ? Timeout.InfiniteTimeSpan : Retry, core.Setup.Time, stopping.Token, changed);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
        finally
        {
            await CloseAsync();
        }
    }

    // True where nothing is missing.
    private async Task<bool> StepAsync()
    {
        var (task, controller) = wish;
        try
        {
            state ??= core.Setup.Folders.Open(Key);
            await ReadAsync(task, controller);
        }
        catch (Exception exception) when (exception is ChannelException or StateException or IOException or UnauthorizedAccessException)
        {
            LogWaits(Key.Job.Value, exception.Message);
            known = known with { Trouble = $"waiting for the job's text: {exception.Message}", IsRefused = false };
        }
        catch (TopologyException exception)
        {
            (read, known) = (task.Document, known with { Plan = null, Data = null, Trouble = exception.Message, IsRefused = true });
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false; // The wish changed while its text was on the way.
        }

        if (state is not null)
        {
            await AlignAsync(task);
        }

        return state is not null && read == task.Document;
    }

    private async Task ReadAsync(TaskJob task, AgentId controller)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token, FetchToken());
        if (content is { } open && open.Controller != controller)
        {
            content = null;
            await open.DisposeAsync();
        }

        content ??= await JobContent.OpenAsync(core, Key, controller, Find, TellAgain, either.Token);
        if (read == task.Document)
        {
            return;
        }

        if (known.Plan is null)
        {
            await AlignAsync(task); // They are shown while the text is on its way.
        }

        var (document, files) = await content.DocumentAsync(task.Document, either.Token);
        var plan = JobText.Read(document, core.Setup.DataFolder);
        hadTop |= plan.Top?.RunsOn == core.Agent;
        known = new WorkOrder { Desired = task.Desired, Plan = plan, Data = new DataAccess(core.Setup.DataFolder, () => core.Facts, files) };
        read = task.Document;
    }

    private async Task AlignAsync(TaskJob task)
    {
        List<AgentWorker> gone;
        lock (gate)
        {
            gone = [.. workers.Values.Where(worker => task.Workers.GetValueOrDefault(worker.Id.Value, -1) != worker.Attempt)];
        }

        foreach (var worker in gone)
        {
            // Its former placement must be over before the next begins.
            await worker.DisposeAsync();
        }

        lock (gate)
        {
            foreach (var worker in gone)
            {
                workers.Remove(worker.Id.Value);
            }

            foreach (var (name, attempt) in task.Workers)
            {
                var order = known with { Desired = task.Desired, Checkpoint = task.Checkpoints?.GetValueOrDefault(name) };
                if (workers.TryGetValue(name, out var worker))
                {
                    worker.Set(order);
                }
                else
                {
                    workers[name] = new AgentWorker(core, this, state!, new WorkerId(name), attempt, order); // not null: opened by who calls
                }
            }
        }

        core.Changed();
    }

    private CancellationToken FetchToken()
    {
        lock (gate)
        {
            return fetching.Token;
        }
    }

    private ReadOnlyMemory<byte>? Find(string hash)
    {
        lock (gate)
        {
            return workers.Values.Select(worker => worker.Handover?.Find(hash)).FirstOrDefault(found => found is not null);
        }
    }

    private void TellAgain()
    {
        lock (gate)
        {
            foreach (var worker in workers.Values)
            {
                worker.Handover?.Again();
            }
        }
    }

    private async Task CloseAsync()
    {
        List<AgentWorker> all;
        lock (gate)
        {
            all = [.. workers.Values];
        }

        await Task.WhenAll(all.Select(worker => worker.DisposeAsync().AsTask()));
        if (content is not null)
        {
            await content.DisposeAsync();
        }

        if (state is not null)
        {
            await state.DisposeAsync();
        }

        fetching.Dispose();
    }

    private async Task ClearAsync(BulletinKind kind)
    {
        using var bound = new CancellationTokenSource(ClearBound, core.Setup.Time);
        try
        {
            await core.Setup.Bulletin.ClearAsync(BulletinTopic.OfJob(Key.Job, core.Agent, kind), bound.Token);
        }
        catch (Exception exception) when (exception is ChannelException or OperationCanceledException)
        {
            // A broker that is away forgets it or keeps it; neither harms.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} waits: {Cause}")]
    private partial void LogWaits(string job, string cause);

    private sealed record Wish(TaskJob Job, AgentId Controller);
}
