namespace FlameEdge.Federated.Selection;

/// <summary>
/// Guided selection: clients whose samples have large losses are useful, slow ones less so, and some are always new. In a round: the pacer moves T, utilities are
/// clipped, gain their uncertainty √(0.1 ln R / L) and pay the penalty (T/t)^α, the ((1 − ε) K)-th highest sets the cut-off, and the draws follow.
/// </summary>
/// <remarks>The cut-off is taken from the highest utilities as the paper's text says; its listing says ascending, which would make nearly everybody a candidate.</remarks>
/// <seealso href="https://arxiv.org/abs/2010.06081">Lai et al. 2021, section 4 and algorithm 1</seealso>
public sealed class OortSelector : ISelector
{
    private readonly OortSettings settings;
    private readonly ulong seed;
    private readonly List<double> achieved = [];

    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public OortSelector(OortSettings settings, ulong seed)
    {
        OortSettings.Require(settings);
        (this.settings, this.seed, PreferredDuration) = (settings, seed, settings.PreferredDuration);
    }

    /// <summary>T, as the pacer left it.</summary>
    public TimeSpan PreferredDuration { get; private set; }

    /// <summary>Utility achieved in each past round; what a checkpoint keeps beside <see cref="PreferredDuration"/>.</summary>
    public IReadOnlyList<double> Achieved => this.achieved;

    /// <summary>Goes on from a checkpoint.</summary>
    public void Restore(TimeSpan preferredDuration, IEnumerable<double> achieved)
    {
        PreferredDuration = preferredDuration;
        this.achieved.Clear();
        this.achieved.AddRange(achieved);
    }

    /// <summary>U(i) = |B| √(mean of squared losses).</summary>
    public static double StatisticalUtility(long samples, double meanSquareLoss) => samples * Math.Sqrt(meanSquareLoss);

    /// <summary>ε in a round, from 1.</summary>
    public double ExplorationOf(int round) => Math.Max(this.settings.LeastExploration, this.settings.Exploration * Math.Pow(this.settings.ExplorationDecay, round - 1));

    /// <summary>Ends a round: tells the sum of statistical utilities of those counted, and lets the pacer relax T for the next one where utility falls.</summary>
    public void Complete(double utility)
    {
        this.achieved.Add(utility);
        var window = this.settings.PacerWindow;
        if (this.achieved.Count >= 2 * window && this.achieved[^(2 * window)..^window].Sum() > this.achieved[^window..].Sum())
        {
            PreferredDuration += this.settings.PacerStep;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates)
    {
        var (plan, random) = (Plan(round, candidates), Draw.Generator(this.seed, round));
        var exploited = Draw.Weighted(plan.Exploited, plan.ExploitCount, candidate => plan.Utilities[candidate], random);
        return [.. exploited, .. Draw.Weighted(plan.Unexplored, plan.ExploreCount, Speed, random)];
    }

    /// <summary>Everything of a round's choice but the draws.</summary>
    public OortPlan Plan(int round, IReadOnlyList<Candidate> candidates)
    {
        var sides = Draw.ByName(candidates).ToLookup(candidate => candidate is { MeanSquareLoss: not null, LastRound: not null });
        var unexplored = sides[false].ToList();
        var utilities = Utilities(round, [.. sides[true].Where(candidate => !(candidate.TimesSelected > this.settings.ExploitLimit))]);

        // The slack keeps (1 − 0.9) · 10 from being 0.999….
        var share = (int)Math.Floor(((1 - ExplorationOf(round)) * this.settings.Count) + 1e-9);
        var exploit = this.settings.FillsUp ? Math.Min(utilities.Count, Math.Max(share, this.settings.Count - unexplored.Count)) : share;
        var explore = Math.Min(this.settings.Count - exploit, unexplored.Count);
        var ranked = utilities.OrderByDescending(pair => pair.Value).ToList();
        if (exploit == 0 || ranked.Count == 0)
        {
            return new OortPlan(utilities, null, [], 0, unexplored, explore);
        }

        var cutOff = this.settings.CutOff * ranked[Math.Min(exploit, ranked.Count) - 1].Value;

        // Where utilities are all zero nothing is above the cut-off, but somebody must learn: equals are as good as above.
        var above = ranked.Where(pair => pair.Value > cutOff || pair.Value >= ranked[Math.Min(exploit, ranked.Count) - 1].Value).Select(pair => pair.Key).ToList();
        return new OortPlan(utilities, cutOff, above, exploit, unexplored, explore);
    }

    private Dictionary<Candidate, double> Utilities(int round, List<Candidate> explored)
    {
        double[] utilities = [.. explored.Select(candidate => StatisticalUtility(candidate.Samples, candidate.MeanSquareLoss!.Value))]; // explored: it is known
        var clip = double.PositiveInfinity;
        if (this.settings.ClipQuantile is { } quantile && utilities.Length > 0)
        {
            clip = utilities.Order().ElementAt(Math.Min((int)(quantile * utilities.Length), utilities.Length - 1));
        }

        return explored.Zip(utilities).ToDictionary(pair => pair.First, pair =>
        {
            var uncertainty = Math.Sqrt(0.1 * Math.Log(Math.Max(1, round)) / Math.Max(1, pair.First.LastRound!.Value)); // explored: it is known
            return (Math.Min(pair.Second, clip) + uncertainty) * Penalty(pair.First.Duration);
        });
    }

    private double Penalty(TimeSpan? duration) => duration is { } own && own > PreferredDuration ? Math.Pow(PreferredDuration / own, this.settings.StragglerPenalty) : 1;

    // Nobody is infinitely fast; a client of unknown speed counts as one that takes as long as preferred.
    private double Speed(Candidate candidate) => 1 / Math.Max((candidate.Duration ?? PreferredDuration).TotalSeconds, 1e-3);
}
