namespace FlameEdge.Federated.Selection;

/// <summary>Of d clients drawn in proportion to their data, the m with the largest local loss; the first name wins ties.</summary>
/// <remarks>
/// The paper's π_pow-d asks the d for their loss at the present model between <see cref="DrawCandidates"/> and <see cref="Choose"/>; <see cref="Select"/> goes by
/// the losses last known (its π_rpow-d), and takes clients of unknown loss first.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/2010.01243">Cho, Wang and Joshi 2022, section 3.1</seealso>
public sealed class PowerOfChoiceSelector : ISelector
{
    private readonly int drawn;
    private readonly int count;
    private readonly ulong seed;

    /// <param name="drawn">d, at least m.</param>
    /// <param name="count">m, at least 1.</param>
    /// <param name="seed">The job's.</param>
    public PowerOfChoiceSelector(int drawn, int count, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(drawn, count);
        (this.drawn, this.count, this.seed) = (drawn, count, seed);
    }

    /// <summary>The d that are asked for their loss.</summary>
    public IReadOnlyList<Candidate> DrawCandidates(int round, IReadOnlyList<Candidate> candidates) =>
        Draw.Weighted(Draw.ByName(candidates), this.drawn, candidate => candidate.Samples, Draw.Generator(this.seed, round));

    /// <summary>The m of them, the largest loss first.</summary>
    public IReadOnlyList<Candidate> Choose(IEnumerable<Candidate> drawn) =>
        [.. Draw.ByName(drawn).OrderByDescending(candidate => candidate.Loss ?? double.PositiveInfinity).Take(this.count)];

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates) => Choose(DrawCandidates(round, candidates));
}
