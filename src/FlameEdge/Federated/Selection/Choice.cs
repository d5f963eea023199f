using FlameEdge.Topology;

namespace FlameEdge.Federated.Selection;

/// <summary>Who takes part in one round, and when each was sent the model.</summary>
internal sealed class Choice(IReadOnlyList<WorkerId> chosen, int goal, TimeProvider time)
{
    private readonly HashSet<WorkerId> members = [.. chosen];
    private readonly Dictionary<WorkerId, long> sent = [];
    private readonly long start = time.GetTimestamp();

    /// <summary>The chosen ones, first chosen first.</summary>
    public IReadOnlyList<WorkerId> Chosen => chosen;

    /// <summary>The coordinator's plan it follows; 0 where there is none.</summary>
    public int Plan { get; init; }

    /// <summary>True where the others belong to other aggregators, and hear from those.</summary>
    public bool IsCohort { get; init; }

    /// <summary>True where the round's result is whatever comes of the choice, nothing too, because what privacy was counted by is the draw and not who came of it.</summary>
    public bool IsFinal { get; init; }

    /// <summary>Time since the choice.</summary>
    public TimeSpan SinceChosen => time.GetElapsedTime(start);

    /// <summary>Updates the round is to have; fewer than are chosen where some are chosen in excess.</summary>
    public int Goal => goal;

    public bool Has(WorkerId worker) => members.Contains(worker);

    /// <summary>The model is on its way to a worker; the first time counts.</summary>
    public void Sent(WorkerId worker) => sent.TryAdd(worker, time.GetTimestamp());

    /// <summary>Time since then; since the choice for one whose model was sent before a restart.</summary>
    public TimeSpan SinceSent(WorkerId worker) => time.GetElapsedTime(sent.GetValueOrDefault(worker, start));
}
