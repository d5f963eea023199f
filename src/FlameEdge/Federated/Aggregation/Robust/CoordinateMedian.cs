namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>The median of each value over all updates; for an even number the mean of the two in the middle. Every update counts alike.</summary>
/// <seealso href="https://arxiv.org/abs/1803.01498">Yin et al. 2018, definition 1</seealso>
public sealed class CoordinateMedian : IRobustRule
{
    /// <inheritdoc/>
    public int MinimumCount => 1;

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        while (tile.MoveNext())
        {
            tile.SortColumns(rows.Count);
            tile.Mean((rows.Count - 1) / 2, (rows.Count / 2) + 1, result);
        }
    }
}
