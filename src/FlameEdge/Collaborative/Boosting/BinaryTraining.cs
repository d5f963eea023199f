using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Logistic loss of a one-output network against two pools of rows, and what is measured on them.</summary>
public static class BinaryTraining
{
    /// <summary>One step on <paramref name="rows"/> [rows, inputs] with the weight of each row's loss; labels by sign of <paramref name="weights"/>: above 0 positive, below 0 negative.</summary>
    public static void Step(DenseNetwork network, ReadOnlyMemory<float> rows, ReadOnlySpan<float> weights, float pull = 0, ReadOnlySpan<float> anchor = default)
    {
        var slopes = new float[weights.Length];
        network.Forward(rows, slopes);
        for (var row = 0; row < slopes.Length; row++)
        {
            var target = weights[row] > 0 ? 1 : 0;
            slopes[row] = Math.Abs(weights[row]) * (Logits.Sigmoid(slopes[row]) - target);
        }

        network.Backward(slopes);
        network.Descend(pull, anchor);
    }

    /// <summary>Probability that a positive scores above a negative, ties half: the area under the ROC curve. 0.5 where one side is empty.</summary>
    public static double Auc(ReadOnlySpan<float> positives, ReadOnlySpan<float> negatives)
    {
        if (positives.IsEmpty || negatives.IsEmpty)
        {
            return 0.5;
        }

        var sorted = negatives.ToArray();
        Array.Sort(sorted);
        var wins = 0.0;
        foreach (var score in positives)
        {
            var below = LowerBound(sorted, score);
            wins += below + (0.5 * (LowerBound(sorted, MathF.BitIncrement(score)) - below));
        }

        return wins / positives.Length / negatives.Length;
    }

    /// <summary>Share of scores above 0.</summary>
    public static double PositiveRate(ReadOnlySpan<float> scores)
    {
        var positive = 0;
        foreach (var score in scores)
        {
            positive += score > 0 ? 1 : 0;
        }

        return scores.IsEmpty ? 0 : (double)positive / scores.Length;
    }

    /// <summary>Rows of an array one behind the other: [rows, width].</summary>
    public static float[] Stack(IReadOnlyList<float[]> rows) => [.. rows.SelectMany(row => row)];

    private static int LowerBound(float[] sorted, float value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
