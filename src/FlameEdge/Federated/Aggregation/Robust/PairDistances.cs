using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>Squared Euclidean distances between all updates, and Krum's scores of any part of them.</summary>
/// <remarks>Each pair is computed once and used for both, so that ties are exact ties.</remarks>
internal sealed class PairDistances
{
    private readonly double[,] squares;

    public PairDistances(IUpdateRows rows, int resultLength, int minimumCount)
    {
        squares = new double[rows.Count, rows.Count];
        var tile = new UpdateTile(rows, resultLength, minimumCount);
        while (tile.MoveNext())
        {
            for (var i = 0; i < rows.Count; i++)
            {
                for (var j = i + 1; j < rows.Count; j++)
                {
                    var distance = TensorPrimitives.Distance<double>(tile[i], tile[j]);
                    squares[i, j] += distance * distance;
                    squares[j, i] = squares[i, j];
                }
            }
        }
    }

    /// <summary>For each of these updates, the sum of its squared distances to the nearest <paramref name="neighbours"/> of the others.</summary>
    /// <seealso href="https://arxiv.org/abs/1703.02757">Blanchard et al. 2017, the Krum function</seealso>
    public double[] Scores(IReadOnlyList<int> updates, int neighbours)
    {
        var scores = new double[updates.Count];
        Span<double> others = new double[updates.Count - 1];
        for (var i = 0; i < updates.Count; i++)
        {
            var next = 0;
            for (var j = 0; j < updates.Count; j++)
            {
                if (i != j)
                {
                    others[next++] = squares[updates[i], updates[j]];
                }
            }

            others.Sort();
            foreach (var square in others[..neighbours])
            {
                scores[i] += square;
            }
        }

        return scores;
    }
}
