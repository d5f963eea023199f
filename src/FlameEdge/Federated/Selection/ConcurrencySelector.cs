using FlameEdge.Topology;

namespace FlameEdge.Federated.Selection;

/// <summary>FedBuff's: keeps a number of clients at work; each call tops them up at random from the idle ones.</summary>
/// <remarks>Stateful: a chosen client is busy until <see cref="Release"/>, or until it is no longer among the candidates.</remarks>
/// <seealso href="https://arxiv.org/abs/2106.06639">Nguyen et al. 2022, algorithm 1: concurrency C</seealso>
public sealed class ConcurrencySelector : ISelector
{
    private readonly int limit;
    private readonly ulong seed;
    private readonly HashSet<WorkerId> busy = [];

    /// <param name="limit">C, at least 1.</param>
    /// <param name="seed">The job's.</param>
    public ConcurrencySelector(int limit, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        (this.limit, this.seed) = (limit, seed);
    }

    /// <summary>Who is at work.</summary>
    public IReadOnlyCollection<WorkerId> Busy => this.busy;

    /// <summary>Its update arrived, or is no longer waited for.</summary>
    public void Release(WorkerId worker) => this.busy.Remove(worker);

    /// <inheritdoc/>
    /// <param name="round">The number of the call, so that no two draw alike.</param>
    /// <param name="candidates">Everybody present, busy or not.</param>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates)
    {
        this.busy.IntersectWith(candidates.Select(candidate => candidate.Worker));
        var idle = Draw.ByName(candidates.Where(candidate => !this.busy.Contains(candidate.Worker)));
        var chosen = Draw.Uniform(idle, Math.Max(0, this.limit - this.busy.Count), Draw.Generator(this.seed, round));
        this.busy.UnionWith(chosen.Select(candidate => candidate.Worker));
        return chosen;
    }
}
