using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>The updates of one round as they come in: folded into the sum, or not, and why.</summary>
internal sealed class CollectedRound(RoundTerms terms, IReadOnlyList<WorkerId> cohort, int length)
{
    private readonly Dictionary<WorkerId, StoredUpdate> last = [];
    private readonly Dictionary<WorkerId, long> brought = [];
    private readonly List<StoredUpdate> counted = [];
    // Sends that are repeated ask on threads of their own for what is resolved.
    private readonly Lock gate = new();
    private readonly Dictionary<WorkerId, string> refused = [];
    private readonly HashSet<WorkerId> seen = [];
    private readonly HashSet<WorkerId> abstained = [];
    private readonly Dictionary<string, WorkerId> voices = new(StringComparer.Ordinal);
    private int hostile;

    public RoundTerms Terms { get; } = terms;

    /// <summary>What they come to, where they are summed as they come.</summary>
    public ExactSum? Sum { get; init; }

    /// <summary>True for an asynchronous step, which ends when there is enough.</summary>
    public bool WaitsForNobody { get; init; }

    /// <summary>Who could take part; of replicas that share a group, who of it is this one's as of now.</summary>
    public IReadOnlyList<WorkerId> Cohort { get; set; } = cohort;

    /// <summary>Who of them speaks with one voice: an update of one is that of all.</summary>
    public CohortGroups Groups { get; init; } = CohortGroups.Single;

    /// <summary>Who was to; null for everybody.</summary>
    public Selection.Choice? Choice { get; init; }

    /// <summary>Updates that end it, whoever is still at work; null where it waits for all.</summary>
    public int? Goal { get; set; }

    /// <summary>Aggregators of its cohort that stand for each other; null where there are none.</summary>
    public Replicas.ReplicaSets? Replicas { get; init; }

    /// <summary>Members it can do without, because others stand for them.</summary>
    public int Dispensable { get; set; }

    /// <summary>The sampler's deadline, where it ended the round; null elsewhere.</summary>
    public TimeSpan? EndedBy { get; set; }

    /// <summary>Updates it is to have.</summary>
    public int Expected => Choice?.Goal ?? (Groups.Count(Cohort) - Dispensable);

    /// <summary>In the order they were counted; a worker may have several in an asynchronous step.</summary>
    public IReadOnlyList<StoredUpdate> Counted => counted;

    /// <summary>The weight of all.</summary>
    public long Samples => counted.Sum(update => update.Samples);

    /// <summary>Time spent on its updates: reading, checking, keeping, adding.</summary>
    public TimeSpan Busy { get; set; }

    /// <summary>Models sent.</summary>
    public PayloadBytes ModelBytes { get; private set; } = new(0, 0);

    /// <summary>Updates counted.</summary>
    public PayloadBytes UpdateBytes { get; private set; } = new(0, 0);

    public void Sent(long bytes) => ModelBytes = ModelBytes.Plus(UpdateCodec.Plain.LargestBytesOf(length), bytes);

    /// <summary>The last update of a worker; null where none was counted.</summary>
    public StoredUpdate? UpdateOf(WorkerId worker) => last.GetValueOrDefault(worker);

    public bool IsCounted(WorkerId worker) => voices.ContainsKey(Groups.Of(worker));

    /// <summary>True for one that has had its say; asked on any thread.</summary>
    public bool IsResolved(WorkerId worker)
    {
        lock (gate)
        {
            return IsCounted(worker) || refused.ContainsKey(worker) || abstained.Contains(worker) || (Groups.HasRings && refused.Keys.Any(other => Groups.Of(other) == Groups.Of(worker)));
        }
    }

    public string? RefusalOf(WorkerId worker) => refused.GetValueOrDefault(worker);

    public void Saw(WorkerId worker) => seen.Add(worker);

    public void Count(WorkerId worker, StoredUpdate update, long bytes)
    {
        last[worker] = update;
        lock (gate)
        {
            voices[Groups.Of(worker)] = worker;
        }

        brought[worker] = brought.GetValueOrDefault(worker) + update.Samples;
        counted.Add(update);
        UpdateBytes = UpdateBytes.Plus(UpdateCodec.Plain.LargestBytesOf(length), bytes);
    }

    /// <summary>It has no trainers in this round, and so nothing to bring.</summary>
    public void Abstain(WorkerId worker)
    {
        lock (gate)
        {
            abstained.Add(worker);
        }
    }

    public bool HasAbstained(WorkerId worker) => abstained.Contains(worker);

    /// <summary>Updates that were refused by what is in them.</summary>
    public int Hostile => Replayed ?? hostile;

    /// <summary>The same in the run that is replayed, whose hostile updates need not come again.</summary>
    public int? Replayed { get; init; }

    public void Refuse(WorkerId worker, string reason, bool isHostile = false)
    {
        hostile += isHostile && !refused.ContainsKey(worker) ? 1 : 0;
        lock (gate)
        {
            refused[worker] = reason;
        }
    }

    /// <summary>Sample-weighted mean of the reported training losses; null where nobody said one.</summary>
    public double? TrainingLoss => MeanOf(update => update.Loss);

    /// <summary>The same of the means of squared losses.</summary>
    public double? SquaredLoss => MeanOf(update => update.SquaredLoss);

    /// <summary>Share of the clients of this round that were counted, below aggregators in the middle as well; in (0, 1].</summary>
    public double Participation(Tasklets.RoleContext context)
    {
        var clients = (context.LatestPlan?.Invoke() ?? context.Plan).Workers.Where(worker => worker.Dataset is not null).Select(worker => worker.Id.Value).ToHashSet(StringComparer.Ordinal);
        var (all, taken) = (0, 0);
        foreach (var verdict in Verdicts(new HashSet<WorkerId>(), TimeSpan.Zero).Where(verdict => clients.Contains(verdict.Worker)))
        {
            all++;
            taken += verdict.Verdict == Verdict.Counted ? 1 : 0;
        }

        return taken == 0 ? 1 : (double)taken / all;
    }

    /// <summary>A verdict for every member, and for every worker a member reported on; sorted by worker.</summary>
    public List<WorkerVerdict> Verdicts(IReadOnlySet<WorkerId> present, TimeSpan deadline)
    {
        var verdicts = new List<WorkerVerdict>();
        foreach (var worker in Cohort)
        {
            if (Groups.HasRings && VerdictInGroup(worker) is { } said)
            {
                verdicts.Add(said);
                continue;
            }

            verdicts.Add(VerdictOn(worker, present.Contains(worker), deadline));
            if (last.TryGetValue(worker, out var update) && update.Report is { } below)
            {
                verdicts.AddRange(below.Select(verdict => verdict.Via is null ? verdict with { Via = worker.Value } : verdict));
            }
        }

        // Of a trainer that changed its replica in the midst of a round both may tell; counted it is by one at most.
        return [.. verdicts.OrderBy(verdict => verdict.Worker, StringComparer.Ordinal).ThenBy(verdict => verdict.Verdict == Verdict.Counted ? 0 : 1).DistinctBy(verdict => verdict.Worker)];
    }

    private double? MeanOf(Func<StoredUpdate, double?> of)
    {
        // Always in the same order, so that whoever came first changes no digit.
        var reports = Counted.Where(update => of(update) is not null).OrderBy(update => update.Member, StringComparer.Ordinal).ToList();
        return reports.Count == 0 ? null : reports.Sum(update => of(update)!.Value * update.Samples) / reports.Sum(update => update.Samples);
    }

    // What its group says of it; where the group was not counted, whoever was not there for it can say nothing.
    private WorkerVerdict? VerdictInGroup(WorkerId worker)
    {
        var group = Groups.Of(worker);
        if (voices.TryGetValue(group, out var leader))
        {
            return last[leader].Report?.Find(verdict => verdict.Worker == worker.Value) ?? Unheard("its group said nothing of it");
        }

        return seen.Contains(worker) || !seen.Any(other => Groups.Of(other) == group) ? null : Unheard("no update of its group was counted");

        WorkerVerdict Unheard(string why) => new() { Worker = worker.Value, Verdict = Verdict.Unheard, Reason = why };
    }

    private WorkerVerdict VerdictOn(WorkerId worker, bool isPresent, TimeSpan deadline)
    {
        if (last.TryGetValue(worker, out var update))
        {
            return new() { Worker = worker.Value, Verdict = Verdict.Counted, Samples = brought[worker], Loss = update.Loss, Staleness = update.Order > 0 ? update.Staleness : null };
        }

        var (verdict, reason) = refused.TryGetValue(worker, out var why) ? (Verdict.Refused, why)
            : abstained.Contains(worker) ? (Verdict.NotSelected, "no trainer was with it in this round")
            : Choice?.Has(worker) == false ? (Verdict.NotSelected, "it was not selected for this round")
            : isPresent && counted.Count >= Goal ? (Verdict.Surplus, $"the round had its {Goal} updates before")
            : isPresent ? (Verdict.Late, WaitsForNobody ? "its update had not come when the step was made" : $"no complete update within {(EndedBy ?? deadline).TotalSeconds:0.###} s")
            : seen.Contains(worker) ? (Verdict.Left, "it left, or its device was lost, before its update was complete")
            : (Verdict.Absent, "it was not there in this round");
        return new() { Worker = worker.Value, Verdict = verdict, Reason = reason };
    }
}
