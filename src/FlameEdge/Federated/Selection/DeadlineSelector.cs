namespace FlameEdge.Federated.Selection;

/// <summary>A number of clients among those expected to answer before the deadline; where too few are, the fastest of the others.</summary>
/// <remarks>Clients of unknown duration count as in time, or nobody would ever measure them.</remarks>
/// <seealso href="https://arxiv.org/abs/1804.08333">Nishio and Yonetani 2019, FedCS: the client selection step, for clients that send in parallel</seealso>
public sealed class DeadlineSelector : ISelector
{
    private readonly int count;
    private readonly TimeSpan deadline;
    private readonly ulong seed;

    /// <param name="count">How many, at least 1.</param>
    /// <param name="deadline">The round's, above zero.</param>
    /// <param name="seed">The job's.</param>
    public DeadlineSelector(int count, TimeSpan deadline, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(deadline, TimeSpan.Zero);
        (this.count, this.deadline, this.seed) = (count, deadline, seed);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates)
    {
        var sides = Draw.ByName(candidates).ToLookup(candidate => candidate.Duration is null || candidate.Duration <= this.deadline);
        var chosen = Draw.Uniform([.. sides[true]], this.count, Draw.Generator(this.seed, round));
        return [.. chosen, .. sides[false].OrderBy(candidate => candidate.Duration).Take(this.count - chosen.Count)];
    }
}
