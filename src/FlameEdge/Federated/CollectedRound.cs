using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>The updates of one round as they come in: folded into the sum, or not, and why.</summary>
internal sealed class CollectedRound(RoundTerms terms, IReadOnlyList<WorkerId> cohort, ExactSum sum)
{
    private readonly Dictionary<WorkerId, StoredUpdate> counted = [];
    private readonly Dictionary<WorkerId, string> refused = [];
    private readonly HashSet<WorkerId> seen = [];

    public RoundTerms Terms { get; } = terms;

    public ExactSum Sum { get; } = sum;

    /// <summary>Who should take part.</summary>
    public IReadOnlyList<WorkerId> Cohort { get; } = cohort;

    public IReadOnlyCollection<StoredUpdate> Counted => counted.Values;

    /// <summary>Models sent.</summary>
    public PayloadBytes ModelBytes { get; private set; } = new(0, 0);

    /// <summary>Updates counted.</summary>
    public PayloadBytes UpdateBytes { get; private set; } = new(0, 0);

    public void Sent(long bytes) => ModelBytes = ModelBytes.Plus(UpdateCodec.Plain.LargestBytesOf(Sum.Length), bytes);

    public bool IsCounted(WorkerId worker) => counted.ContainsKey(worker);

    public bool IsResolved(WorkerId worker) => counted.ContainsKey(worker) || refused.ContainsKey(worker);

    public string? RefusalOf(WorkerId worker) => refused.GetValueOrDefault(worker);

    public void Saw(WorkerId worker) => seen.Add(worker);

    public void Count(WorkerId worker, StoredUpdate update, long bytes)
    {
        counted[worker] = update;
        UpdateBytes = UpdateBytes.Plus(UpdateCodec.Plain.LargestBytesOf(Sum.Length), bytes);
    }

    public void Refuse(WorkerId worker, string reason) => refused[worker] = reason;

    /// <summary>Sample-weighted mean of the reported training losses; null where nobody said one.</summary>
    public double? TrainingLoss
    {
        get
        {
            var reports = Counted.Where(update => update.Loss is not null).ToList();
            return reports.Count == 0 ? null : reports.Sum(update => update.Loss!.Value * update.Samples) / reports.Sum(update => update.Samples);
        }
    }

    /// <summary>A verdict for every member, and for every worker a member reported on; sorted by worker.</summary>
    public List<WorkerVerdict> Verdicts(IReadOnlySet<WorkerId> present, TimeSpan deadline)
    {
        var verdicts = new List<WorkerVerdict>();
        foreach (var worker in Cohort)
        {
            verdicts.Add(VerdictOn(worker, present.Contains(worker), deadline));
            if (counted.TryGetValue(worker, out var update) && update.Report is { } below)
            {
                verdicts.AddRange(below.Select(verdict => verdict.Via is null ? verdict with { Via = worker.Value } : verdict));
            }
        }

        return [.. verdicts.OrderBy(verdict => verdict.Worker, StringComparer.Ordinal)];
    }

    private WorkerVerdict VerdictOn(WorkerId worker, bool isPresent, TimeSpan deadline)
    {
        if (counted.TryGetValue(worker, out var update))
        {
            return new() { Worker = worker.Value, Verdict = Verdict.Counted, Samples = update.Samples, Loss = update.Loss };
        }

        var (verdict, reason) = refused.TryGetValue(worker, out var why) ? (Verdict.Refused, why)
            : isPresent ? (Verdict.Late, $"no complete update within {deadline.TotalSeconds:0.#} s")
            : seen.Contains(worker) ? (Verdict.Left, "it left, or its device was lost, before its update was complete")
            : (Verdict.Absent, "it was not there in this round");
        return new() { Worker = worker.Value, Verdict = verdict, Reason = reason };
    }
}
