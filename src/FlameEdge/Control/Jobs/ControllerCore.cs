using System.Security.Cryptography;
using System.Text;
using FlameEdge.Channels;
using FlameEdge.Control.Fleet;
using FlameEdge.State;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>What a controller knows and decides, without its network, disk and clock. One loop owns it: it is told what happened, and a review says what follows.</summary>
internal sealed class ControllerCore
{
    /// <summary>Where jobs are remembered.</summary>
    public const string Jobs = "controller_jobs";

    /// <summary>Where the controller remembers itself.</summary>
    public const string Self = "controller";

    private readonly ControllerOptions options;
    private readonly SortedDictionary<string, JobLife> jobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Submission> awaited = new(StringComparer.Ordinal);
    private readonly NoticeBook book;
    private readonly HashSet<string> draining = new(StringComparer.Ordinal);
    private byte[] remembered = [];
    private int generations;

    public ControllerCore(ControllerOptions options)
    {
        this.options = options;
        book = new(options.Name);
        Fleet = new(options.ReturnGrace);
        Intake = new(this, options);
    }

    public FleetView Fleet { get; }

    /// <summary>Reads notices for it.</summary>
    public NoticeIntake Intake { get; }

    public IReadOnlyDictionary<string, JobLife> Lives => jobs;

    /// <summary>The epoch it writes with; 0 before it has claimed one.</summary>
    public long Epoch { get; private set; }

    /// <summary>The highest epoch read or remembered.</summary>
    public long Highest { get; private set; }

    /// <summary>Why it must stop: somebody else is in charge; null while nobody is.</summary>
    public string? Superseded { get; private set; }

    /// <summary>Takes up what was stored.</summary>
    public void Load(byte[]? self, IEnumerable<byte[]> records)
    {
        if (FleetJson.Read(self, ControllerJson.Default.ControllerMemory) is { } memory)
        {
            Highest = memory.Epoch;
            draining.UnionWith(memory.Draining);
            remembered = self!; // not null: it was read
        }

        foreach (var record in records.Select(json => FleetJson.Read(json, ControllerJson.Default.JobRecord)).OfType<JobRecord>())
        {
            jobs[record.Job] = new JobLife(record, options);
        }
    }

    /// <summary>Claims the next epoch; what must be stored before anybody is told.</summary>
    public IReadOnlyList<StateChange> Claim()
    {
        Epoch = Highest += 1;
        return Memory() is { } self ? [self] : [];
    }

    /// <summary>An epoch that somebody obeys or claims.</summary>
    public void SeeEpoch(long epoch, string by)
    {
        Highest = Math.Max(Highest, epoch);
        if (Epoch > 0 && epoch > Epoch)
        {
            Superseded ??= $"{by} is in charge with epoch {epoch}, this controller has {Epoch}; it stops and leaves everything as it is";
        }
    }

    /// <summary>Another run claims the same epoch and has the greater name.</summary>
    public void Yield(string to) => Superseded ??= $"{to} claimed epoch {Epoch} at the same time and has the greater name; this controller stops";

    /// <summary>The agents that get no new work.</summary>
    public void Drain(IEnumerable<string> agents)
    {
        draining.Clear();
        draining.UnionWith(agents);
    }

    /// <summary>A wish of an operator, read and bounded.</summary>
    public void Wish(string job, string from, DesiredJob wish, Moment now)
    {
        var known = jobs.GetValueOrDefault(job);
        if (wish.Request is not null && wish.Request == known?.Record.Request)
        {
            return;
        }

        switch (wish.State)
        {
            case "running" when wish.Text is not null:
                Submit(new Submission(job, from, wish), known, now);
                break;
            case "running" when known is { IsOver: false }:
                Turn(known, JobWish.Run, wish);
                break;
            case "paused" when known is { IsOver: false }:
                Turn(known, JobWish.Pause, wish);
                break;
            case "stopped" when known is not null:
                Turn(known, JobWish.Stop, wish);
                break;
            case "deleted":
                Delete(job, known, wish);
                break;
            default:
                Refuse(job, wish.Request, now.Own, known is null ? $"there is no job '{job}' here{Nearest(job)}; submit it first" : $"'{wish.State}' cannot be asked of a job that is {known.Record.Phase.ToString().ToLowerInvariant()}");
                break;
        }
    }

    /// <summary>Files of a submission that are stored now, or the reason why not.</summary>
    public void Fetched(Submission submission, string? fault, Moment now)
    {
        if (awaited.Remove(submission.Job, out var latest) && fault is null)
        {
            Accept(latest, jobs.GetValueOrDefault(latest.Job), now);
        }
        else if (fault is not null)
        {
            Refuse(submission.Job, submission.Wish.Request, passingAt: null, fault);
        }
    }

    // Null where it has been given out already.
    private StateChange? Memory()
    {
        var self = FleetJson.Write(new ControllerMemory(Epoch, [.. draining.Order(StringComparer.Ordinal)]), ControllerJson.Default.ControllerMemory);
        return self.AsSpan().SequenceEqual(remembered) ? null : new StateChange(Self, Self, remembered = self, IsManifest: true);
    }

    /// <summary>Everything that follows from what has happened. It is said once: who asks must carry it out.</summary>
    public Effects Review(Moment now)
    {
        var effects = new Effects();
        foreach (var submission in awaited.Values.Where(submission => submission.Wish.Files is not null && book.IsNewFetch(submission)))
        {
            effects.Fetches.Add(submission);
        }

        foreach (var agent in jobs.Values.SelectMany(life => life.Record.Workers).Select(worker => worker.Agent).OfType<string>())
        {
            Fleet.Of(agent, now.Own);
        }

        foreach (var agent in Fleet.Agents)
        {
            agent.IsDraining = draining.Contains(agent.Name);
            if (agent.LostSince > now.Own)
            {
                effects.Due(agent.LostSince.Value - now.Own);
            }
        }

        StepJobs(now, effects);
        Remember(effects);
        Tell(now, effects);
        return effects;
    }

    /// <summary>Content that is still named somewhere.</summary>
    public IReadOnlySet<string> Used() => jobs.Values.SelectMany(life => life.Record.Files.Values
            .Concat(life.Record.Checkpoints.Select(checkpoint => checkpoint.Hash))
            .Concat(life.Record.Workers.Select(worker => worker.Checkpoint).OfType<string>())
            .Append(life.Record.Document ?? ""))
        .Concat(awaited.Values.SelectMany(submission => submission.Wish.Files?.Values ?? []))
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>The agents that meet the controller on a job's <c>spec</c> channel: who works on it, and who submits it.</summary>
    public IReadOnlyDictionary<string, HashSet<string>> Desks()
    {
        var desks = new SortedDictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var life in jobs.Values)
        {
            var agents = life.Record.Workers.Select(worker => worker.Agent).OfType<string>().ToHashSet(StringComparer.Ordinal);
            agents.UnionWith(Intake.ReadersOf(life.Record.Job));
            desks[life.Record.Job] = agents;
        }

        foreach (var submission in awaited.Values)
        {
            (desks.TryGetValue(submission.Job, out var agents) ? agents : desks[submission.Job] = new(StringComparer.Ordinal)).Add(submission.Operator);
        }

        return desks;
    }

    private void Submit(Submission submission, JobLife? known, Moment now)
    {
        if (SubmissionChecks.Fault(submission, known?.Record, [.. Fleet.Agents.SelectMany(agent => agent.Birth?.Datasets ?? [])]) is { } fault)
        {
            Refuse(submission.Job, submission.Wish.Request, passingAt: null, fault);
        }
        else if (submission.Wish.Files is { Count: > 0 })
        {
            awaited[submission.Job] = submission;
        }
        else
        {
            Accept(submission, known, now);
        }
    }

    private void Accept(Submission submission, JobLife? known, Moment now)
    {
        var (job, _, wish) = submission;
        var files = wish.Files ?? new Dictionary<string, string>(StringComparer.Ordinal);
        if (known is { IsOver: false, Record: var record })
        {
            record.Request = wish.Request ?? record.Request;
            record.Wish = JobWish.Run;
            if (!SubmissionChecks.IsSame(record, wish))
            {
                known.Change(wish.Text!.Value, files); // not null: it is a submission
            }

            book.Answered(job);
            return;
        }

        if (known is not null)
        {
            Forget(job);
        }

        jobs[job] = new JobLife(
            new JobRecord
            {
                Job = job,
                Generation = NewGeneration(job),
                Request = wish.Request,
                Text = wish.Text!.Value.Clone(), // not null: it is a submission
                Files = files.ToDictionary(StringComparer.Ordinal),
                Submitted = now.World,
            },
            options);
        book.Answered(job);
        book.Happened(job, new JobEvent { Event = "phase", Generation = jobs[job].Record.Generation, State = JobPhase.Submitted, Request = wish.Request });
    }

    private void Turn(JobLife life, JobWish wish, DesiredJob said)
    {
        life.Record.Request = said.Request ?? life.Record.Request;
        life.Record.Wish = life.Record.Wish is JobWish.Delete ? JobWish.Delete : wish;
        book.Answered(life.Record.Job);
    }

    private void Delete(string job, JobLife? known, DesiredJob wish)
    {
        if (known is not null)
        {
            Turn(known, JobWish.Delete, wish);
            return;
        }

        // Left over from a controller that has lost its memory: who deletes it knows that nobody needs it.
        Forget(job);
        book.Clear(job);
    }

    private void Refuse(string job, string? request, TimeSpan? passingAt, string why) => book.Refused(job, request, why, jobs.ContainsKey(job), passingAt);

    private string Nearest(string job) => NearestName.Of(job, jobs.Keys) is { } near ? $" (did you mean '{near}'?)" : "";

    private void Forget(string job)
    {
        foreach (var agent in Fleet.Agents)
        {
            agent.Foreign = [.. agent.Foreign.Where(work => work.Job != job)];
        }
    }

    private string NewGeneration(string job) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{job}|{options.Name}|{options.Session}|{Epoch}|{generations++}")))[..12];

    private void StepJobs(Moment now, Effects effects)
    {
        var load = new FleetLoad(Fleet);
        foreach (var life in jobs.Values)
        {
            life.AddTo(load);
        }

        foreach (var life in jobs.Values.ToList())
        {
            life.Step(Fleet, load, now, effects);
            if (life.Record.Wish == JobWish.Delete && life.IsOver && life.IsQuiet(Fleet, now))
            {
                jobs.Remove(life.Record.Job);
                Forget(life.Record.Job);
                book.Clear(life.Record.Job);
                effects.HasWaste = true;
            }
        }
    }

    private void Remember(Effects effects)
    {
        if (Memory() is { } self)
        {
            effects.Changes.Add(self);
        }

        book.Store(jobs, effects);
    }

    private void Tell(Moment now, Effects effects)
    {
        book.TellTasks(this, now, effects);
        book.TellJobs(jobs, Epoch, now, effects);
    }

    /// <summary>The whole of what every agent should run; agents without work are not named.</summary>
    public IReadOnlyDictionary<string, List<TaskJob>> Tasks(Moment now)
    {
        var own = jobs.Values.SelectMany(life => life.Tasks(Fleet, now));
        var foreign = Fleet.Agents.SelectMany(agent => agent.Foreign.Where(work => !jobs.ContainsKey(work.Job)), (agent, work) => (Agent: agent.Name, Task: work));
        return own.Concat(foreign)
            .GroupBy(entry => entry.Agent, entry => entry.Task, StringComparer.Ordinal)
            .ToDictionary(tasks => tasks.Key, tasks => tasks.OrderBy(work => work.Job, StringComparer.Ordinal).ToList(), StringComparer.Ordinal);
    }
}
