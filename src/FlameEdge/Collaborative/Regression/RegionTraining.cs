using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Regression;

/// <summary>Rows with a value behind their features, and the loss of a region's specialist on them: logistic for its score, squared for its value, the latter in the region only.</summary>
internal static class RegionTraining
{
    /// <summary>One step on rows [features…, value]; weights above 0 for rows of the region, below 0 for others.</summary>
    public static void Step(DenseNetwork network, IReadOnlyList<float[]> rows, ReadOnlySpan<float> weights, float pull = 0, ReadOnlySpan<float> anchor = default)
    {
        var slopes = new float[2 * rows.Count];
        network.Forward(Features(rows), slopes);
        for (var row = 0; row < rows.Count; row++)
        {
            var weight = Math.Abs(weights[row]);
            slopes[2 * row] = weight * (Logits.Sigmoid(slopes[2 * row]) - (weights[row] > 0 ? 1 : 0));
            slopes[(2 * row) + 1] = weights[row] > 0 ? weight * (slopes[(2 * row) + 1] - rows[row][^1]) : 0;
        }

        network.Backward(slopes);
        network.Descend(pull, anchor);
    }

    /// <summary>Features of rows [features…, value], one behind the other.</summary>
    public static float[] Features(IReadOnlyList<float[]> rows) => [.. rows.SelectMany(row => row.AsSpan(0, row.Length - 1).ToArray())];
}
