using FlameEdge.Parameters;
using FlameEdge.Topology;

namespace FlameEdge.Rounds;

/// <summary>A former run's verdicts, to be repeated: the same workers counted in the same rounds, with the same sum step, give the same bits.</summary>
public sealed class ReplayScript(JobResult result)
{
    /// <summary>Why an aggregator in the middle is refused that has no update: nothing hostile.</summary>
    internal const string NoQuorumBelow = "no quorum among its own workers";

    private readonly Dictionary<int, RoundResult> rounds = result.Rounds.ToDictionary(round => round.Round);

    /// <summary>The record of a round, or null beyond the former run's end.</summary>
    public RoundResult? Round(int round) => rounds.GetValueOrDefault(round);

    /// <summary>Workers counted in a round, at any level of the tree.</summary>
    public IReadOnlySet<WorkerId> Counted(int round) => Round(round) is { } record
        ? record.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted).Select(verdict => new WorkerId(verdict.Worker)).ToHashSet()
        : new HashSet<WorkerId>();

    /// <summary>Workers refused by what was in their update.</summary>
    public IReadOnlySet<WorkerId> Hostile(int round) => Round(round) is { } record
        ? record.Verdicts.Where(verdict => verdict.Verdict == Verdict.Refused && verdict.Reason != NoQuorumBelow).Select(verdict => new WorkerId(verdict.Worker)).ToHashSet()
        : new HashSet<WorkerId>();

    /// <summary>The step the round was summed with.</summary>
    public SumStep? Step(int round, float largestValue) => Round(round) is { WeightLimit: > 0 } record
        ? new SumStep(record.StepExponent, record.WeightLimit, largestValue)
        : null;
}
