using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Means over rows of what the units of hidden layers show. A channel of a convolution is one unit: what it shows is summed over its positions (§4.2).</summary>
internal static class UnitMeans
{
    private delegate float Reading(ReadOnlySpan<float> activations, ReadOnlySpan<float> gradients);

    /// <summary>Mean over rows of the activations of every hidden layer after a forward pass.</summary>
    public static float[][] Activations(ISiteModel model, int rows) => Means(model, rows, hasGradients: false, rows, (activations, _) => TensorPrimitives.Sum(activations));

    /// <summary>Mean over rows of activation times gradient after a pass whose loss was a mean over those rows.</summary>
    public static float[][] Products(ISiteModel model, int rows) => Means(model, rows, hasGradients: true, 1, TensorPrimitives.Dot);

    /// <summary>Mean over rows of (activation times gradient)² after a pass whose loss was a sum over those rows.</summary>
    public static float[][] SquaredProducts(ISiteModel model, int rows) =>
        Means(model, rows, hasGradients: true, rows, (activations, gradients) => MathF.Pow(TensorPrimitives.Dot(activations, gradients), 2));

    private static float[][] Means(ISiteModel model, int rows, bool hasGradients, int divisor, Reading reading)
    {
        var means = new float[model.Layers.Count - 1][];
        for (var layer = 0; layer < means.Length; layer++)
        {
            var units = model.Layers[layer].Outputs;
            var activations = model.Activation(layer);
            var gradients = hasGradients ? model.ActivationGradient(layer) : activations;
            var positions = activations.Length / (rows * units);
            means[layer] = new float[units];
            for (var i = 0; i < rows * units; i++)
            {
                means[layer][i % units] += reading(activations.Slice(i * positions, positions), gradients.Slice(i * positions, positions)) / divisor;
            }
        }

        return means;
    }
}
