using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Hosting.Agents;

/// <summary>Takes an agent's tasks: checks who gives them, and keeps a job running for each that is listed. One caller at a time.</summary>
internal sealed partial class TaskDesk(AgentCore core, AgentMemory memory)
{
    private static readonly TimeSpan SayBound = TimeSpan.FromSeconds(5);
    private readonly Dictionary<JobKey, AgentJob> jobs = [];
    private readonly Dictionary<JobId, (AgentJob Job, Task Over)> ending = [];
    private readonly Lock gate = new();
    private readonly ILogger logger = core.Setup.Loggers.CreateLogger<TaskDesk>();
    private bool hasSwept;

    /// <summary>The revision of the task it last acted on; 0 for none in this session.</summary>
    public long Revision { get; private set; }

    /// <summary>The jobs in work.</summary>
    public IReadOnlyList<AgentJob> Jobs
    {
        get
        {
            lock (gate)
            {
                return [.. jobs.Values];
            }
        }
    }

    /// <summary>How all workers are, also those that are to stop and have not ended their present step.</summary>
    public IReadOnlyList<WorkReport> Reports
    {
        get
        {
            lock (gate)
            {
                return [.. jobs.Values.Concat(ending.Values.Select(ended => ended.Job)).SelectMany(job => job.Reports)];
            }
        }
    }

    /// <summary>Acts on a task as it was read. Read twice, it is acted on once.</summary>
    public async Task TakeAsync(ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        if (json.IsEmpty)
        {
            return; // A broker that lost it: the controller posts it again.
        }

        var task = FleetJson.Read(json.Span, FleetJson.Default.AgentTask);
        if (task is null || TaskChecks.Fault(task) is not null)
        {
            await RefuseAsync($"this is no task: {(task is null ? "its text cannot be read" : TaskChecks.Fault(task))}", cancellationToken);
            return;
        }

        if (RefusalOf(task) is { } refusal)
        {
            await RefuseAsync(refusal, cancellationToken);
            return;
        }

        if (task.Epoch != memory.Known.Epoch || task.Controller != memory.Known.Controller)
        {
            await memory.KeepAsync(memory.Known with { Epoch = task.Epoch, Controller = task.Controller }, cancellationToken);
        }

        Act(task);
        Revision = task.Revision;
        core.TaskWasRead();
        core.Changed();
    }

    /// <summary>Has every job look again at what may hold it.</summary>
    public void LookAgain()
    {
        foreach (var job in Jobs)
        {
            job.LookAgain();
        }
    }

    /// <summary>Stops all jobs; they go on after the next start.</summary>
    public Task StopAsync()
    {
        lock (gate)
        {
            return Task.WhenAll([.. jobs.Values.Select(job => job.DisposeAsync().AsTask()), .. ending.Values.Select(ended => ended.Over)]);
        }
    }

    private string? RefusalOf(AgentTask task)
    {
        var known = memory.Known;
        return task.Epoch < known.Epoch ? $"{task.Controller} says epoch {task.Epoch}, but {known.Controller} was obeyed with epoch {known.Epoch}"
            : task.Epoch == known.Epoch && known.Controller is { } obeyed && obeyed != task.Controller ? $"{task.Controller} says epoch {task.Epoch}, which is {obeyed}'s"
            : task.Epoch == known.Epoch && task.Revision < Revision ? $"revision {task.Revision} is older than {Revision}"
            : core.Setup.Refuses(task);
    }

    private void Act(AgentTask task)
    {
        var controller = new AgentId(task.Controller);
        var listed = task.Jobs.ToDictionary(job => new JobKey(new(job.Job), job.Generation));
        Sweep(listed.Keys);
        lock (gate)
        {
            foreach (var job in jobs.Values.Where(job => !listed.ContainsKey(job.Key)).ToList())
            {
                jobs.Remove(job.Key);
                ending[job.Key.Job] = (job, EndAsync(job, OverOf(job.Key.Job)));
            }

            foreach (var (key, wanted) in listed)
            {
                if (jobs.TryGetValue(key, out var job))
                {
                    job.Set(wanted, controller);
                }
                else
                {
                    jobs[key] = new AgentJob(core, key, wanted, controller, OverOf(key.Job));
                }
            }
        }
    }

    private Task OverOf(JobId job) => ending.TryGetValue(job, out var former) ? former.Over : Task.CompletedTask;

    // On its own: a worker whose step takes long holds up nobody but its own job's next submission.
    private async Task EndAsync(AgentJob job, Task before)
    {
        await Task.Yield();
        await Task.WhenAll(before, job.EndAsync());
        lock (gate)
        {
            if (ending.TryGetValue(job.Key.Job, out var last) && last.Job == job)
            {
                ending.Remove(job.Key.Job);
            }
        }

        core.Changed();
    }

    // Folders of jobs that ended while the agent was away.
    private void Sweep(IReadOnlyCollection<JobKey> listed)
    {
        if (hasSwept)
        {
            return;
        }

        hasSwept = true;
        foreach (var left in core.Setup.Folders.List().Except(listed))
        {
            core.Setup.Folders.Delete(left);
        }
    }

    private async Task RefuseAsync(string why, CancellationToken cancellationToken)
    {
        LogRefused(why);
        await core.SayAsync(BulletinTopic.OfFleet(core.Agent, BulletinKind.Event), new AgentEvent { Event = "refused", Level = "warning", Text = NoticeSize.Short($"task refused: {why}") }, SayBound, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A task is refused: {Why}")]
    private partial void LogRefused(string why);
}
