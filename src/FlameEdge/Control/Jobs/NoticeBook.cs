using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>What a controller has told and stored, so that nothing is said twice.</summary>
internal sealed class NoticeBook(string controller)
{
    // Who asked something of a job that is not here has read the answer by then; an answer to a submission stays, for it says what became of the job.
    private static readonly TimeSpan AnswerStays = TimeSpan.FromSeconds(30);

    private readonly Dictionary<BulletinTopic, byte[]> told = [];
    private readonly Dictionary<string, byte[]> stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (byte[] Body, long Revision)> tasks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string? Request, string Why)> refusals = new(StringComparer.Ordinal);
    private readonly List<(string Job, JobEvent Event)> happened = [];
    private readonly Dictionary<string, TimeSpan?> refusedAlone = new(StringComparer.Ordinal);
    private readonly HashSet<string> cleared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Submission> fetching = new(StringComparer.Ordinal);

    /// <summary>True the first time a submission's files are to be fetched.</summary>
    public bool IsNewFetch(Submission submission)
    {
        if (fetching.GetValueOrDefault(submission.Job) == submission)
        {
            return false;
        }

        fetching[submission.Job] = submission;
        return true;
    }

    /// <summary>A wish was granted.</summary>
    public void Answered(string job)
    {
        refusals.Remove(job);
        refusedAlone.Remove(job);
        cleared.Remove(job);
    }

    /// <summary>A wish was refused.</summary>
    /// <param name="job">The job.</param>
    /// <param name="request">The wish.</param>
    /// <param name="why">The reason.</param>
    /// <param name="isKnown">Whether there is such a job.</param>
    /// <param name="passingAt">Now on the controller's clock, where the answer need not stay; null where it does.</param>
    public void Refused(string job, string? request, string why, bool isKnown, TimeSpan? passingAt)
    {
        const int longest = 2000;
        var text = why.Length <= longest ? why : $"{why[..longest]}…";
        refusals[job] = (request, text);
        happened.Add((job, new JobEvent { Event = "refused", Request = request, Why = text }));
        if (!isKnown)
        {
            refusedAlone[job] = passingAt + AnswerStays;
            cleared.Remove(job);
        }
    }

    public void Happened(string job, JobEvent what) => happened.Add((job, what));

    /// <summary>The job's notices are to be taken down.</summary>
    public void Clear(string job)
    {
        refusals.Remove(job);
        refusedAlone.Remove(job);
        cleared.Add(job);
    }

    /// <summary>Stores every record that has changed.</summary>
    public void Store(IReadOnlyDictionary<string, JobLife> jobs, Effects effects)
    {
        foreach (var (job, life) in jobs)
        {
            var json = FleetJson.Write(life.Record, ControllerJson.Default.JobRecord);
            if (!stored.TryGetValue(job, out var known) || !known.AsSpan().SequenceEqual(json))
            {
                stored[job] = json;
                effects.Changes.Add(new StateChange(ControllerCore.Jobs, job, json, IsManifest: true));
            }
        }

        foreach (var job in cleared.Where(job => stored.Remove(job)))
        {
            effects.Changes.Add(new StateChange(ControllerCore.Jobs, job, null, IsManifest: true));
        }
    }

    /// <summary>Tasks that have changed. Who loses a worker hears it before who gets it.</summary>
    public void TellTasks(ControllerCore core, Moment now, Effects effects)
    {
        var changed = new List<(int Gained, BulletinTopic Topic, byte[] Json)>();
        var wanted = core.Tasks(now);
        foreach (var agent in core.Fleet.Agents)
        {
            var jobs = wanted.GetValueOrDefault(agent.Name) ?? [];
            if (agent.Birth is null && jobs.Count == 0 && !tasks.ContainsKey(agent.Name))
            {
                continue;
            }

            var task = new AgentTask { Epoch = core.Epoch, Controller = controller, Revision = 0, Jobs = jobs, IsDraining = agent.IsDraining };
            var body = FleetJson.Write(task, FleetJson.Default.AgentTask);
            if (tasks.TryGetValue(agent.Name, out var known) && known.Body.AsSpan().SequenceEqual(body))
            {
                continue;
            }

            task = task with { Revision = known.Revision + 1 };
            var json = FleetJson.Write(task, FleetJson.Default.AgentTask);
            if (json.Length > BulletinTopic.MaximumRetainedBytes)
            {
                // Work that is not ours has filled it meanwhile; what the agent has stays as it is.
                continue;
            }

            tasks[agent.Name] = (body, task.Revision);
            agent.Told = task;
            changed.Add((body.Length - (known.Body?.Length ?? 0), BulletinTopic.OfFleet(new AgentId(agent.Name), BulletinKind.Task), json));
        }

        foreach (var (_, topic, json) in changed.OrderBy(change => change.Gained))
        {
            effects.Notices.Add((topic, json));
        }
    }

    /// <summary>What jobs are, how they stand and what has happened to them, where it has changed.</summary>
    public void TellJobs(IReadOnlyDictionary<string, JobLife> jobs, long epoch, Moment now, Effects effects)
    {
        Outdate(now, effects);
        foreach (var (name, life) in jobs)
        {
            happened.AddRange(life.TakeEvents().Select(what => (name, what)));
            var (request, why) = refusals.GetValueOrDefault(name);
            Retain(name, BulletinKind.Spec, FleetJson.Write(JobNotes.Summary(life), FleetJson.Default.JobSummary), effects);
            var status = JobNotes.Status(life, controller, epoch);
            Retain(name, BulletinKind.State, FleetJson.Write(why is null ? status : status with { Request = request, Refusal = why }, FleetJson.Default.JobStatus), effects);
        }

        foreach (var name in refusedAlone.Keys.Where(name => !jobs.ContainsKey(name)))
        {
            var (request, why) = refusals[name];
            var status = new JobStatus { Job = name, Generation = "", State = JobPhase.Refused, Reason = why, Controller = controller, Epoch = epoch, Request = request, Refusal = why };
            Retain(name, BulletinKind.State, FleetJson.Write(status, FleetJson.Default.JobStatus), effects);
        }

        foreach (var (job, what) in happened)
        {
            effects.Notices.Add((BulletinTopic.OfJob(new JobId(job), new AgentId(controller), BulletinKind.Event), FleetJson.Write(what, FleetJson.Default.JobEvent)));
        }

        happened.Clear();
        TakeDown(jobs, effects);
    }

    private void Outdate(Moment now, Effects effects)
    {
        foreach (var (job, until) in refusedAlone.ToList())
        {
            if (until <= now.Own)
            {
                Clear(job);
            }
            else if (until is { } later)
            {
                effects.Due(later - now.Own);
            }
        }
    }

    private void TakeDown(IReadOnlyDictionary<string, JobLife> jobs, Effects effects)
    {
        foreach (var job in cleared.Where(job => !jobs.ContainsKey(job)))
        {
            foreach (var kind in new[] { BulletinKind.Spec, BulletinKind.State })
            {
                var topic = BulletinTopic.OfJob(new JobId(job), new AgentId(controller), kind);
                told.Remove(topic);
                effects.Notices.Add((topic, null));
            }
        }

        cleared.Clear();
    }

    private void Retain(string job, BulletinKind kind, byte[] json, Effects effects)
    {
        var topic = BulletinTopic.OfJob(new JobId(job), new AgentId(controller), kind);
        if (!told.TryGetValue(topic, out var known) || !known.AsSpan().SequenceEqual(json))
        {
            told[topic] = json;
            effects.Notices.Add((topic, json));
        }
    }
}
