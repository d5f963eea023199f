namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>Per value, the mean of what is left when the b smallest and the b largest are dropped. Every update counts alike.</summary>
/// <seealso href="https://arxiv.org/abs/1803.01498">Yin et al. 2018, definition 2 and algorithm 1</seealso>
public sealed class TrimmedMean : IRobustRule
{
    private readonly int trim;

    /// <param name="trim">b, how many are dropped on each side: at least as many as attackers are feared.</param>
    public TrimmedMean(int trim)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trim);
        this.trim = trim;
    }

    /// <inheritdoc/>
    public int MinimumCount => (2 * this.trim) + 1;

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        while (tile.MoveNext())
        {
            tile.SortColumns(rows.Count);
            tile.Mean(this.trim, rows.Count - this.trim, result);
        }
    }
}
