using System.Text.Json;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Control.Jobs;

/// <summary>A job's way from submission to its end. It decides and remembers; telling and storing is the controller's.</summary>
internal sealed class JobLife
{
    // The note of how a job ended may come after its aggregator's "done": they are different topics.
    private static readonly TimeSpan NoteGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private readonly ControllerOptions options;
    private readonly IReadOnlyList<string> patterns;
    private readonly List<JobEvent> happened = [];
    private readonly HashSet<RoleName> tops = [];
    private JsonElement filled;
    private FleetSpec terms = new();
    private string? unreadable;
    private TopNote? note;
    private TimeSpan? doneSince;
    private bool isTableNew = true;

    public JobLife(JobRecord record, ControllerOptions options)
    {
        this.options = options;
        Record = record;
        patterns = JobText.Patterns(record.Text);
        ReadText();
    }

    public JobRecord Record { get; }

    /// <summary>The job as it can be run now; null while its patterns stand for nothing.</summary>
    public JobSpec? Job { get; private set; }

    public bool IsOver => Record.Outcome is not null;

    /// <summary>On which terms it is run; known while its patterns still stand for nothing too.</summary>
    public FleetSpec Terms => terms;

    /// <summary>What happened since it was last asked.</summary>
    public IReadOnlyList<JobEvent> TakeEvents()
    {
        JobEvent[] taken = [.. happened];
        happened.Clear();
        return taken;
    }

    /// <summary>Counts what it has placed.</summary>
    public void AddTo(FleetLoad load)
    {
        foreach (var worker in Record.Workers.Where(worker => !IsOver && worker.Agent is not null))
        {
            load.Add(worker.Agent!, Record.Job, worker.Id, NeedsOf(worker)); // not null: just asked
        }
    }

    /// <summary>A notice of the top aggregator's agent.</summary>
    public void Hear(string agent, TopNote said)
    {
        if (Tops().Any(top => top.Agent == agent && top.Phase is not null))
        {
            note = said;
            Record.Round = Math.Max(Record.Round, Math.Max(0, said.Round ?? 0));
            Record.Accuracy = said.Accuracy is >= 0 and <= 1 ? said.Accuracy : Record.Accuracy;
        }
    }

    /// <summary>A checkpoint that is stored; the ones before the last are given up.</summary>
    public void Keep(CheckpointNote checkpoint)
    {
        Record.Checkpoints = [checkpoint, .. Record.Checkpoints.Where(known => known.Hash != checkpoint.Hash).Take(1)];
        Record.Round = Math.Max(Record.Round, checkpoint.Round);
    }

    /// <summary>True where a checkpoint is news, from the agent that has the aggregator.</summary>
    public bool Wants(CheckpointNote offered, string agent) =>
        Record.Workers.Exists(worker => worker.Id == offered.Worker && worker.Agent == agent)
        && Record.Checkpoints.TrueForAll(known => known.Hash != offered.Hash && (known.Run != offered.Run || known.Round < offered.Round));

    /// <summary>An agent runs anew: what it refused before it may take now.</summary>
    public void Forget(string agent) => Record.Workers.ForEach(worker => worker.Refused.Remove(agent));

    /// <summary>Takes another text for the job while it goes on; <see cref="JobText.Differences"/> has allowed it.</summary>
    public void Change(JsonElement text, IReadOnlyDictionary<string, string> files)
    {
        Record.Text = text;
        Record.Files = files.ToDictionary(StringComparer.Ordinal);
        ReadText();
        Refit();
    }

    /// <summary>Ends it, where it has not ended yet.</summary>
    public void End(JobPhase outcome, string reason, Moment now)
    {
        if (!IsOver)
        {
            Record.Outcome = outcome;
            Record.Reason = reason;
            Record.OverSince = now.World;
        }
    }

    /// <summary>One look at the fleet: what has changed is heard, what is due is done.</summary>
    public void Step(FleetView fleet, FleetLoad load, Moment now, Effects effects)
    {
        if (!IsOver)
        {
            Refit(fleet);
            HearWorkers(fleet, now);
            JudgeEnd(now, effects);
        }

        if (!IsOver && Job is { } job)
        {
            Retry(fleet, now, effects);
            Move(job, fleet, load, now, effects);
            Place(job, fleet, load);
            Lease(job, fleet);
            Describe(effects);
        }

        Follow(fleet, now, effects);
    }

    /// <summary>The job's part of every agent's task, by agent.</summary>
    public IEnumerable<(string Agent, TaskJob Task)> Tasks(FleetView fleet, Moment now)
    {
        var (isListed, desired) = Desired(fleet, now);
        return !isListed || Record.Document is not { } document ? [] : Record.Workers
            .Where(worker => worker is { Agent: not null, RetryAt: null, Attempt: > 0 } && !(IsOver && worker.Phase == WorkPhase.Done))
            .GroupBy(worker => worker.Agent!, StringComparer.Ordinal) // not null: just asked
            .Select(group => (group.Key, TaskOf([.. group], document, desired)));
    }

    /// <summary>True where no live agent works on it any more, or they had long enough.</summary>
    public bool IsQuiet(FleetView fleet, Moment now) =>
        now.World - Record.OverSince >= options.StopGrace || !fleet.Agents.Any(agent => agent.IsUp && agent.Works(Record.Job, Record.Generation));

    private TaskJob TaskOf(List<WorkerRecord> workers, string document, DesiredWork desired) => new()
    {
        Job = Record.Job,
        Generation = Record.Generation,
        Document = document,
        Desired = desired,
        LeaseSeconds = terms.Lease.TotalSeconds,
        Workers = new SortedDictionary<string, int>(workers.ToDictionary(worker => worker.Id, worker => worker.Attempt, StringComparer.Ordinal), StringComparer.Ordinal),
        Leased = [.. workers.Where(worker => worker.LeaseSeconds is not null).Select(worker => worker.Id).Order(StringComparer.Ordinal)],
        Checkpoints = workers.Where(worker => worker.Checkpoint is not null).ToDictionary(worker => worker.Id, worker => worker.Checkpoint!, StringComparer.Ordinal) is { Count: > 0 } found ? found : null, // not null: just asked
    };

    private (bool IsListed, DesiredWork Desired) Desired(FleetView fleet, Moment now) => Record.Outcome switch
    {
        null => (true, Record.Wish == JobWish.Pause ? DesiredWork.Pause : DesiredWork.Run),
        JobPhase.Completed => (now.World - Record.OverSince < options.EndGrace, DesiredWork.Run),
        JobPhase.Stopped => (!IsQuiet(fleet, now), DesiredWork.Pause),
        _ => (false, DesiredWork.Pause),
    };

    private IEnumerable<WorkerRecord> Tops() => Record.Workers.Where(worker => tops.Contains(worker.Role));

    private NeedsSpec NeedsOf(WorkerRecord worker) => Job?.Graph.Roles.FirstOrDefault(role => role.Name == worker.Role)?.Needs ?? new();

    private void ReadText()
    {
        var problems = new SpecProblems();
        filled = patterns.Count == 0 ? Record.Text : JobText.Fill(Record.Text, Record.OnBoard);
        var isEmpty = patterns.Count > 0 && !patterns.Any(pattern => Record.OnBoard.Exists(dataset => NamePattern.Matches(pattern, dataset.Name)));
        Job = isEmpty ? null : JobText.Read(filled, problems);
        unreadable = isEmpty ? $"no agent has a dataset {string.Join(" or ", patterns)} on board" : problems.All.Count > 0 ? problems.All[0].ToString() : null;
        terms = (isEmpty ? JobText.Read(Record.Text, new()) : Job)?.Fleet ?? new();
        tops.Clear();
        tops.UnionWith(Job?.Graph.Roles.Select(role => role.Name).Where(role => Placement.IsTop(Job, role)) ?? []);
        isTableNew = true;
    }

    private void Refit(FleetView fleet)
    {
        if (patterns.Count > 0 && OnBoard.Changed(Record, patterns, fleet) is { } onBoard)
        {
            Record.OnBoard = onBoard;
            ReadText();
        }

        if (isTableNew)
        {
            Refit();
        }
    }

    private void Refit()
    {
        if (Job is null)
        {
            return;
        }

        foreach (var gone in JobTable.Fit(Record, Job))
        {
            happened.Add(Event("leave") with { Worker = gone.Id, From = gone.Agent, Why = $"its dataset '{gone.Dataset}' has left the job" });
        }
    }

    private void HearWorkers(FleetView fleet, Moment now)
    {
        foreach (var worker in Record.Workers.Where(worker => worker.Agent is not null && worker.RetryAt is null))
        {
            var agent = worker.Agent!; // not null: just asked
            if (fleet.Find(agent)?.ReportOf(Record.Job, Record.Generation, worker) is not { } report)
            {
                continue;
            }

            worker.Phase = report.Phase;
            worker.Why = report.Reason;
            Record.Round = Math.Max(Record.Round, tops.Contains(worker.Role) ? report.Round ?? 0 : 0);
            if (report.Phase == WorkPhase.Failed)
            {
                HoldBack(worker, agent, now);
            }
            else if (report.Phase == WorkPhase.Refused)
            {
                worker.Refused[agent] = report.Reason ?? "refused";
                Unplace(worker);
            }
        }
    }

    private void HoldBack(WorkerRecord worker, string agent, Moment now)
    {
        worker.Failures++;
        if (worker.Failures > terms.Retries)
        {
            End(JobPhase.Failed, $"{worker.Id} failed {worker.Failures} times, at last on {agent}: {worker.Why ?? "it did not say why"}", now);
            return;
        }

        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, options.RetryAfter.Ticks << Math.Min(20, worker.Failures - 1)));
        worker.RetryAt = now.World + pause;
    }

    private void Unplace(WorkerRecord worker)
    {
        worker.Agent = null;
        worker.Phase = null;
        isTableNew = true;
    }

    private void JudgeEnd(Moment now, Effects effects)
    {
        if (Record.Wish is JobWish.Stop or JobWish.Delete)
        {
            End(JobPhase.Stopped, "on demand", now);
            return;
        }

        if (IsPast(terms.Deadline))
        {
            End(JobPhase.Stopped, $"its deadline of {terms.Deadline:g} has passed; its last checkpoint is kept", now);
        }
        else if (Record.Document is null && IsPast(terms.Patience))
        {
            End(JobPhase.Refused, Record.Reason ?? "no agent came to run it", now);
        }
        else
        {
            JudgeDone(now, effects);
        }

        bool IsPast(TimeSpan? bound)
        {
            if (bound is not { } span)
            {
                return false;
            }

            effects.Due(Record.Submitted + span - now.World);
            return Record.Submitted + span <= now.World;
        }
    }

    private void JudgeDone(Moment now, Effects effects)
    {
        var last = Tops().ToList() is { Count: > 0 } tops ? tops : Record.Workers;
        if (last.Count == 0 || !last.TrueForAll(worker => worker.Phase == WorkPhase.Done))
        {
            doneSince = null;
            return;
        }

        doneSince ??= now.Own;
        if (note?.State == "failed")
        {
            End(JobPhase.Failed, note.Reason ?? "by its own rules", now);
        }
        else if (note?.State == "completed" || now.Own - doneSince >= NoteGrace)
        {
            End(JobPhase.Completed, $"after round {Record.Round}", now);
        }
        else
        {
            effects.Due(NoteGrace - (now.Own - doneSince.Value));
        }
    }

    private void Retry(FleetView fleet, Moment now, Effects effects)
    {
        foreach (var worker in Record.Workers.Where(worker => worker.RetryAt is not null))
        {
            if (worker.RetryAt > now.World)
            {
                effects.Due(worker.RetryAt.Value - now.World);
                continue;
            }

            happened.Add(Event("retry") with { Worker = worker.Id, To = worker.Agent, Attempt = worker.Attempt + 1, Why = worker.Why });
            worker.RetryAt = null;
            Begin(worker, worker.Agent, fleet);
        }
    }

    private void Move(JobSpec job, FleetView fleet, FleetLoad load, Moment now, Effects effects)
    {
        foreach (var worker in Record.Workers.Where(worker => worker is { Agent: not null, RetryAt: null } && worker.Phase != WorkPhase.Done))
        {
            var from = worker.Agent!; // not null: just asked
            if (fleet.Find(from) is not { IsUp: false } agent)
            {
                continue;
            }

            worker.Why = worker.Dataset is { } data ? $"waits for its data '{data}' on {from}, which is lost" : $"{from} is lost";
            if (worker is not { IsLeaseSure: true, LeaseSeconds: { } seconds })
            {
                // Nobody has told its agent to stop without us, so it may well run.
                worker.Why += worker.LeaseSeconds is null ? string.Empty : " and had not confirmed that it gives it up";
                continue;
            }

            var lease = TimeSpan.FromSeconds(seconds);
            if (!fleet.IsOver(agent, lease))
            {
                var over = FleetView.OverAt(agent, lease)!.Value; // not null: it is lost
                effects.WantsEcho |= over <= now.Own;
                effects.Due(over <= now.Own ? TimeSpan.FromSeconds(1) : over - now.Own);
                continue;
            }

            load.Remove(from, worker.Id, NeedsOf(worker));
            var choice = Placement.Choose(job, worker.ToPlan() with { Agent = null }, load.OffersFor(Record.Job, worker));
            if (choice.Agent is { } to)
            {
                happened.Add(Event("move") with { Worker = worker.Id, From = from, To = to, Attempt = worker.Attempt + 1, Why = $"{from} has been lost for longer than its lease of {seconds:0.#} s" });
                Begin(worker, to, fleet);
            }
            else
            {
                worker.Why = $"{worker.Why}; {choice.Why}";
            }

            load.Add(worker.Agent!, Record.Job, worker.Id, NeedsOf(worker)); // not null: it stays where it was, or has moved
        }
    }

    // Once leased, a placement stays so: an agent that was told to stop without us is never told otherwise while it may be away.
    private void Lease(JobSpec job, FleetView fleet)
    {
        var seconds = job.Fleet.Lease.TotalSeconds;
        foreach (var worker in Record.Workers.Where(worker => worker.Agent is not null))
        {
            if (worker.LeaseSeconds is not null || IsMovable(worker, fleet))
            {
                // Until it has confirmed a shorter one, the agent may go by the longer.
                worker.LeaseSeconds = Math.Max(worker.LeaseSeconds ?? 0, seconds);
            }

            if (fleet.Find(worker.Agent!)?.Confirmed(Record.Job, Record.Generation) is { } confirmed // not null: just asked
                && confirmed.Workers.GetValueOrDefault(worker.Id, -1) == worker.Attempt && confirmed.Leased.Contains(worker.Id))
            {
                worker.IsLeaseSure = true;
                worker.LeaseSeconds = Math.Max(confirmed.LeaseSeconds, seconds);
            }
        }
    }

    private static bool IsMovable(WorkerRecord worker, FleetView fleet) =>
        worker.Dataset is not { } dataset || fleet.Agents.Any(other => other.Name != worker.Agent && other.IsCandidate && other.Announces(dataset));

    private void Place(JobSpec job, FleetView fleet, FleetLoad load)
    {
        var placed = new List<WorkerRecord>();
        foreach (var worker in Record.Workers.Where(worker => worker.Agent is null))
        {
            var choice = Placement.Choose(job, worker.ToPlan() with { Agent = null }, load.OffersFor(Record.Job, worker));
            worker.Why = choice.Why;
            if (choice.Agent is { } agent)
            {
                load.Add(agent, Record.Job, worker.Id, NeedsOf(worker));
                worker.Agent = agent;
                placed.Add(worker);
            }
        }

        // Before its first document nothing of a job is kept anywhere: it starts when all of it can.
        if (Record.Document is null && Record.Workers.Exists(worker => worker.Agent is null))
        {
            placed.ForEach(worker => load.Remove(worker.Agent!, worker.Id, NeedsOf(worker))); // not null: just placed
            placed.ForEach(worker => worker.Agent = null);
            return;
        }

        foreach (var worker in placed)
        {
            Begin(worker, worker.Agent, fleet);
            happened.Add(Event("place") with { Worker = worker.Id, To = worker.Agent, Attempt = worker.Attempt });
        }
    }

    private void Begin(WorkerRecord worker, string? agent, FleetView fleet)
    {
        worker.Agent = agent;
        worker.Attempt++;
        worker.IsLeaseSure = IsMovable(worker, fleet); // No task has ever listed this placement without its lease.
        worker.LeaseSeconds = worker.IsLeaseSure ? 0 : null;
        worker.Phase = null;
        worker.Why = null;
        worker.Checkpoint = worker.Attempt > 1 ? Record.Checkpoints.Find(checkpoint => checkpoint.Worker == worker.Id)?.Hash : null;
        isTableNew = true;
    }

    private void Describe(Effects effects)
    {
        if (!isTableNew || Record.Workers.TrueForAll(worker => worker.Agent is null))
        {
            return;
        }

        isTableNew = false;
        if (Record.Document is null && Record.Workers.Exists(worker => worker.Agent is null))
        {
            return;
        }

        var (content, hash) = JobTable.Document(Record, filled, Record.Revision);
        if (hash != Record.Document)
        {
            (content, hash) = JobTable.Document(Record, filled, Record.Revision + 1);
            (Record.Document, Record.Revision) = (hash, Record.Revision + 1);
            effects.HasWaste = true;
        }

        effects.Content.Add((hash, content));
    }

    private void Follow(FleetView fleet, Moment now, Effects effects)
    {
        Record.HasRun |= Record.Document is not null && Record.Workers.TrueForAll(worker => worker.Phase is WorkPhase.Running or WorkPhase.Waiting or WorkPhase.Done or WorkPhase.Failed);
        var phase = PhaseNow(fleet, now);
        if (!IsOver)
        {
            Record.Reason = unreadable ?? Whys();
        }
        else if (now.World - Record.OverSince < options.StopGrace)
        {
            effects.Due(TimeSpan.FromSeconds(1));
        }

        if (phase != Record.Phase)
        {
            Record.Phase = phase;
            happened.Add(Event("phase") with { State = phase, Why = Record.Reason });
        }
    }

    private JobPhase PhaseNow(FleetView fleet, Moment now)
    {
        if (Record.Outcome is { } outcome)
        {
            return outcome == JobPhase.Stopped && !IsQuiet(fleet, now) ? JobPhase.Stopping : outcome;
        }

        return Record switch
        {
            { Wish: JobWish.Pause } => JobPhase.Paused,
            { Document: null } => JobPhase.Waiting,
            { HasRun: true } => JobPhase.Running,
            _ => JobPhase.Deploying,
        };
    }

    private string? Whys()
    {
        const int longest = 600;
        var whys = Record.Workers.Where(worker => worker.Why is not null && worker.Phase is not WorkPhase.Running and not WorkPhase.Done)
            .GroupBy(worker => worker.Why!, StringComparer.Ordinal) // not null: just asked
            .Select(group => $"{string.Join(", ", group.Take(4).Select(worker => worker.Id))}{(group.Count() > 4 ? $" and {group.Count() - 4} more" : "")}: {group.Key}");
        var text = string.Join("; ", whys);
        return text.Length == 0 ? null : text.Length <= longest ? text : $"{text[..longest]}…";
    }

    private JobEvent Event(string what) => new() { Event = what, Generation = Record.Generation };
}
