namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>
/// The plain mean of the m updates with the smallest Krum scores: score(i) = sum of squared distances to the n − f − 2 nearest others; the lowest index wins ties.
/// m = 1 is Krum itself.
/// </summary>
/// <seealso href="https://arxiv.org/abs/1703.02757">Blanchard et al. 2017, section 4 (Krum) and section 5 (Multi-Krum); n ≥ 2f + 3</seealso>
public sealed class MultiKrum : IRobustRule
{
    private readonly int attackers;
    private readonly int kept;

    /// <param name="attackers">f, how many of the updates may be hostile.</param>
    /// <param name="kept">m, how many are averaged; at least 1.</param>
    public MultiKrum(int attackers, int kept = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attackers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kept);
        (this.attackers, this.kept) = (attackers, kept);
    }

    /// <inheritdoc/>
    public int MinimumCount => Math.Max((2 * this.attackers) + 3, this.kept);

    /// <summary>The indices of the updates it would average, best score first.</summary>
    /// <exception cref="ArgumentException">There are fewer updates than <see cref="MinimumCount"/>, or a value is not finite.</exception>
    public IReadOnlyList<int> Select(IUpdateRows rows)
    {
        var distances = new PairDistances(rows, rows.Length, MinimumCount);
        int[] all = [.. Enumerable.Range(0, rows.Count)];
        var scores = distances.Scores(all, rows.Count - this.attackers - 2);
        return [.. all.OrderBy(i => scores[i]).Take(this.kept)]; // a stable order: the lowest index first among equals
    }

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        int[] selected = [.. Select(rows).Order()];
        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        while (tile.MoveNext())
        {
            tile.Keep(selected);
            tile.Mean(0, selected.Length, result);
        }
    }
}
