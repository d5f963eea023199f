namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>
/// First n − 2f updates are picked one by one by Krum, with scores computed anew among those left; then per value the mean of the θ − 2f picks nearest to their median.
/// </summary>
/// <remarks>
/// Late picks have few neighbours to be scored by: n_left − f − 2, which for f = 1 would be none at the last one. At least one is used, so that the last pick
/// is not merely the lowest index.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/1802.07927">El Mhamdi, Guerraoui and Rouault 2018, the Bulyan rule; n ≥ 4f + 3</seealso>
public sealed class Bulyan : IRobustRule
{
    private readonly int attackers;

    /// <param name="attackers">f, how many of the updates may be hostile.</param>
    public Bulyan(int attackers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(attackers);
        this.attackers = attackers;
    }

    /// <inheritdoc/>
    public int MinimumCount => (4 * this.attackers) + 3;

    /// <summary>The indices of the picks, in the order they are picked.</summary>
    /// <exception cref="ArgumentException">There are fewer updates than <see cref="MinimumCount"/>, or a value is not finite.</exception>
    public IReadOnlyList<int> Select(IUpdateRows rows)
    {
        var distances = new PairDistances(rows, rows.Length, MinimumCount);
        var (left, picks) = (Enumerable.Range(0, rows.Count).ToList(), new List<int>());
        while (picks.Count < rows.Count - (2 * this.attackers))
        {
            var scores = distances.Scores(left, Math.Clamp(left.Count - this.attackers - 2, Math.Min(1, left.Count - 1), left.Count - 1));
            var best = Array.IndexOf(scores, scores.Min());
            picks.Add(left[best]);
            left.RemoveAt(best);
        }

        return picks;
    }

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        int[] picks = [.. Select(rows).Order()];
        var kept = picks.Length - (2 * this.attackers);
        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        while (tile.MoveNext())
        {
            tile.Keep(picks);
            tile.SortColumns(picks.Length);
            for (var column = 0; column < tile.Length; column++)
            {
                result[tile.Offset + column] = MeanAroundMedian(tile, column, picks.Length, kept);
            }
        }
    }

    // The nearest to the median are neighbours in sorted order: drop the farther end until enough are gone. Numbers kept and dropped are of one parity with all,
    // so two ends equally far from an even number's median never compete for the last place.
    private static float MeanAroundMedian(UpdateTile sorted, int column, int count, int kept)
    {
        var median = (sorted[(count - 1) / 2][column] + sorted[count / 2][column]) / 2;
        var (from, to) = (0, count);
        while (to - from > kept)
        {
            if (median - sorted[from][column] > sorted[to - 1][column] - median)
            {
                from++;
            }
            else
            {
                to--;
            }
        }

        var sum = 0.0;
        for (var row = from; row < to; row++)
        {
            sum += sorted[row][column];
        }

        return (float)(sum / kept);
    }
}
