using System.Numerics.Tensors;
using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Single weights in place of whole units: |w · (E_c[∂s/∂w] − E_rest[∂s/∂w])| of a specialist that still has all units, s being its score (§4.2's weight-level form; our design).</summary>
/// <remarks>At equal bytes whole units do better (§9.2), for a weight needs its place beside it; a budget below that of one unit per layer is the case for this.</remarks>
internal static class WeightSelection
{
    /// <summary>1 for the <paramref name="count"/> most significant parameters and the output's bias, 0 for the others.</summary>
    public static float[] Mask(Stage stage, HeldOutRows rows, int count)
    {
        var weights = Gradients(stage, rows.Positives);
        TensorPrimitives.Subtract(weights, Gradients(stage, rows.Negatives), weights);
        TensorPrimitives.Multiply(weights, stage.Network.Parameters, weights);
        var mask = new float[weights.Length];
        foreach (var place in Enumerable.Range(0, weights.Length).OrderByDescending(place => Math.Abs(weights[place])).ThenBy(place => place).Take(count))
        {
            mask[place] = 1;
        }

        mask[^1] = 1;
        return mask;
    }

    /// <summary>Takes everything away that <paramref name="mask"/> does not keep.</summary>
    public static void Apply(Stage stage, float[] mask)
    {
        var parameters = stage.Network.Parameters.ToArray();
        TensorPrimitives.Multiply(parameters, mask, parameters);
        stage.Network.Replace(parameters);
    }

    // Mean over rows of the score's gradient.
    private static float[] Gradients(Stage stage, IReadOnlyList<float[]> rows)
    {
        var slopes = new float[rows.Count];
        stage.Network.Forward(stage.Inputs(BinaryTraining.Stack(rows)), slopes);
        slopes.AsSpan().Fill(1f / rows.Count);
        stage.Network.Backward(slopes);
        return stage.Network.ParameterGradients.ToArray();
    }
}
