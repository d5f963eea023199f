namespace FlameEdge.Federated.Selection;

/// <summary>Every client by itself with the same probability, so that nobody or everybody may be drawn: what the bounds on privacy by sampling are proven for.</summary>
/// <seealso href="https://arxiv.org/abs/1710.06963">McMahan et al. 2018, algorithm 1: sample users with probability q</seealso>
public sealed class PoissonSelector : ISelector
{
    private readonly double rate;
    private readonly ulong seed;

    /// <param name="rate">q, above 0, at most 1.</param>
    /// <param name="seed">The job's; where the draw shall hide who took part, one that nobody knows.</param>
    public PoissonSelector(double rate, ulong seed)
    {
        if (rate is not (> 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "must be above 0, at most 1");
        }

        (this.rate, this.seed) = (rate, seed);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates)
    {
        var random = Draw.Generator(seed, round);
        return [.. Draw.ByName(candidates).Where(_ => random.NextDouble() < rate)];
    }
}
