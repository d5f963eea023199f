using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Control.Jobs;

/// <summary>An agent as its notices show it to the controller.</summary>
internal sealed class SeenAgent(string name, TimeSpan? lostSince)
{
    private readonly Dictionary<(string Job, string Generation, string Worker, int Attempt), WorkReport> reports = [];
    private WorkPhase? phaseOfRest;

    public string Name { get; } = name;

    public AgentBirth? Birth { get; set; }

    public AgentState? State { get; private set; }

    public AliveNote? Alive { get; set; }

    /// <summary>When its loss was seen, on the controller's own clock; null while it is there. Before that time it is only in doubt.</summary>
    public TimeSpan? LostSince { get; set; } = lostSince;

    /// <summary>Work in its task that another controller gave it.</summary>
    public IReadOnlyList<TaskJob> Foreign { get; set; } = [];

    /// <summary>The task it was last told by this controller; null for none.</summary>
    public AgentTask? Told { get; set; }

    public bool IsDraining { get; set; }

    /// <summary>There, as far as the broker knows.</summary>
    public bool IsUp => LostSince is null;

    /// <summary>There, known and open to new work.</summary>
    public bool IsCandidate => IsUp && Birth is not null && !IsDraining;

    /// <summary>What it says of itself from now on.</summary>
    public void Hear(AgentState state)
    {
        State = state;
        phaseOfRest = RestOf(state);
        reports.Clear();
        foreach (var report in state.Work)
        {
            reports[(report.Job, report.Generation, report.Worker, report.Attempt)] = report;
        }
    }

    /// <summary>What it last said of a worker's placement; null for nothing.</summary>
    public WorkReport? ReportOf(string job, string generation, WorkerRecord worker) =>
        reports.GetValueOrDefault((job, generation, worker.Id, worker.Attempt)) ?? UnlistedReportOf(job, generation, worker);

    /// <summary>True where it says that work of the job is under way here.</summary>
    public bool Works(string job, string generation) =>
        (IsUnderWay(phaseOfRest) && Confirmed(job, generation) is not null)
        || State?.Work.Any(report => report.Job == job && report.Generation == generation && IsUnderWay(report.Phase)) == true;

    public bool Announces(string dataset) => Birth?.Datasets.Any(known => known.Name == dataset) == true;

    private static bool IsUnderWay(WorkPhase? phase) => phase is WorkPhase.Starting or WorkPhase.Running or WorkPhase.Waiting;

    // A long state lists what fits and counts all: what is left out is in the one phase that has more than are listed.
    private static WorkPhase? RestOf(AgentState state)
    {
        var listed = state.Work.CountBy(report => report.Phase).ToDictionary();
        var more = Enum.GetValues<WorkPhase>().Where(phase => state.WorkCount?.GetValueOrDefault(phase.ToString().ToLowerInvariant()) > listed.GetValueOrDefault(phase)).ToList();
        return more is [var only] ? only : null;
    }

    private WorkReport? UnlistedReportOf(string job, string generation, WorkerRecord worker) =>
        phaseOfRest is { } phase && Confirmed(job, generation)?.Workers.TryGetValue(worker.Id, out var attempt) is true && attempt == worker.Attempt
            ? new() { Job = job, Generation = generation, Worker = worker.Id, Attempt = attempt, Phase = phase }
            : null;

    /// <summary>What the task it has confirmed to act on says of a job; null where its state does not answer the very task it was last told: of an older one it has not seen every worker.</summary>
    public TaskJob? Confirmed(string job, string generation) => Told is { } task && State?.Epoch == task.Epoch && State.Revision == task.Revision
        ? task.Jobs.FirstOrDefault(work => work.Job == job && work.Generation == generation)
        : null;
}
