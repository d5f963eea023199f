namespace FlameEdge.Federated.Selection;

/// <summary>A number of clients, all sets equally likely, drawn anew each round.</summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1: S_t, a random set of m clients</seealso>
public sealed class RandomSelector : ISelector
{
    private readonly int count;
    private readonly ulong seed;

    /// <param name="count">How many, at least 1; everybody where fewer are present.</param>
    /// <param name="seed">The job's.</param>
    public RandomSelector(int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (this.count, this.seed) = (count, seed);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates) =>
        Draw.Uniform(Draw.ByName(candidates), this.count, Draw.Generator(this.seed, round));
}
