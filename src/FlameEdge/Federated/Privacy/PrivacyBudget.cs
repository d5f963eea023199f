using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>What a job's rounds have spent of its privacy, and how many it may have. Every client takes part in every round, so nothing is gained by sampling.</summary>
/// <remarks>The server's noise is in models, which a round without a quorum does not make; a client's is in its update, which has left it whatever became of the round.</remarks>
public sealed class PrivacyBudget
{
    private readonly PrivacySpec spec;
    private readonly RdpAccountant accountant;

    /// <param name="spec">The job's.</param>
    public PrivacyBudget(PrivacySpec spec)
    {
        this.spec = spec;
        accountant = new(1, spec.Noise);
        LargestReleases = spec.Epsilon is { } epsilon ? accountant.LargestSteps(epsilon, spec.Delta) : long.MaxValue;
    }

    /// <summary>Releases the budget allows.</summary>
    public long LargestReleases { get; }

    /// <summary>ε of that many releases, at the job's δ.</summary>
    public double EpsilonOf(long releases) => accountant.Epsilon(releases, spec.Delta).Epsilon;

    /// <summary>Releases of these rounds.</summary>
    public int ReleasesOf(IEnumerable<RoundResult> rounds) => rounds.Count(round => spec.Kind == PrivacySpec.Client || round.Outcome == RoundOutcome.Completed);

    /// <summary>True where a further round would spend more than is allowed.</summary>
    public bool IsSpent(IEnumerable<RoundResult> rounds) => LargestReleases < long.MaxValue && ReleasesOf(rounds) >= LargestReleases;
}
