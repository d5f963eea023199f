using FlameEdge.Channels.Presence;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Control.Jobs;

/// <summary>An agent as its notices show it to the controller.</summary>
internal sealed class SeenAgent(string name, TimeSpan? lostSince)
{
    public string Name { get; } = name;

    public AgentBirth? Birth { get; set; }

    public AgentState? State { get; set; }

    public AliveNote? Alive { get; set; }

    /// <summary>When its loss was seen, on the controller's own clock; null while it is there. Before that time it is only in doubt.</summary>
    public TimeSpan? LostSince { get; set; } = lostSince;

    /// <summary>Work in its task that another controller gave it.</summary>
    public IReadOnlyList<TaskJob> Foreign { get; set; } = [];

    /// <summary>The task last posted for it; null for none by this controller.</summary>
    public AgentTask? Posted { get; set; }

    public bool IsDraining { get; set; }

    /// <summary>There, as far as the broker knows.</summary>
    public bool IsUp => LostSince is null;

    /// <summary>There, known and open to new work.</summary>
    public bool IsCandidate => IsUp && Birth is not null && !IsDraining;

    /// <summary>What the task it has confirmed to act on says of a job; null where it has not confirmed the one last posted.</summary>
    public TaskJob? Confirmed(string job, string generation) => Posted is { } posted && State is { } state && state.Epoch == posted.Epoch && state.Revision == posted.Revision
        ? posted.Jobs.FirstOrDefault(listed => listed.Job == job && listed.Generation == generation)
        : null;

    /// <summary>What it last said of a worker's placement; null for nothing.</summary>
    public WorkReport? ReportOf(string job, string generation, WorkerRecord worker) => State?.Work.FirstOrDefault(report =>
        report.Job == job && report.Generation == generation && report.Worker == worker.Id && report.Attempt == worker.Attempt);

    /// <summary>True where it says that work of the job is under way here.</summary>
    public bool Works(string job, string generation) => State?.Work.Any(report =>
        report.Job == job && report.Generation == generation && report.Phase is WorkPhase.Starting or WorkPhase.Running or WorkPhase.Waiting) == true;

    public bool Announces(string dataset) => Birth?.Datasets.Any(known => known.Name == dataset) == true;
}
