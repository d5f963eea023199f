using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Sums over rows of what a hidden layer shows, unit by unit.</summary>
internal static class UnitMeans
{
    /// <summary>Mean over rows of the activations of every hidden layer after a forward pass.</summary>
    public static float[][] Activations(ISiteModel model, int rows) => Means(model, rows, (layer, i) => model.Activation(layer)[i]);

    /// <summary>Mean over rows of activation times gradient after a pass whose loss was a mean over those rows.</summary>
    public static float[][] Products(ISiteModel model, int rows) => Means(model, 1, (layer, i) => model.Activation(layer)[i] * model.ActivationGradient(layer)[i], rows);

    /// <summary>Mean over rows of (activation times gradient)² after a pass whose loss was a sum over those rows.</summary>
    public static float[][] SquaredProducts(ISiteModel model, int rows) => Means(model, rows, (layer, i) => MathF.Pow(model.Activation(layer)[i] * model.ActivationGradient(layer)[i], 2));

    private static float[][] Means(ISiteModel model, int divisor, Func<int, int, float> value, int? rows = null)
    {
        var means = new float[model.Layers.Count - 1][];
        for (var layer = 0; layer < means.Length; layer++)
        {
            var units = model.Layers[layer].Outputs;
            means[layer] = new float[units];
            for (var i = 0; i < (rows ?? divisor) * units; i++)
            {
                means[layer][i % units] += value(layer, i) / divisor;
            }
        }

        return means;
    }
}
