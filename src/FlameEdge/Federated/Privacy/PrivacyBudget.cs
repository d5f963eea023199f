using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Privacy;

/// <summary>
/// What a job's rounds have spent of its privacy, and how many it may have. Sampling counts only where each client is drawn by itself with a known probability; with any other choice every client
/// is taken to be in every round, which holds whoever was chosen how.
/// </summary>
/// <remarks>The server's noise is in models, which a round without a quorum does not make; a client's is in its update, which has left it whatever became of the round.</remarks>
public sealed class PrivacyBudget
{
    private readonly PrivacySpec spec;
    private readonly RdpAccountant accountant;

    /// <param name="spec">The job's.</param>
    /// <param name="samplingRate">Probability with which each client takes part in a round, by itself; 1 for another choice.</param>
    public PrivacyBudget(PrivacySpec spec, double samplingRate = 1)
    {
        this.spec = spec;
        accountant = new(samplingRate, spec.Noise);
        LargestReleases = spec.Epsilon is { } epsilon ? accountant.LargestSteps(epsilon, spec.Delta) : long.MaxValue;
    }

    /// <summary>The probability with which a job's clients are drawn for a round, each by itself, under the server's noise; null where they are not.</summary>
    public static double? SamplingRateOf(JobSpec job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Privacy is { Kind: PrivacySpec.Server } ? job.Graph.Channels.FirstOrDefault(channel => channel.Selector.Kind == SelectorSpec.Poisson)?.Selector.Rate : null;
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
