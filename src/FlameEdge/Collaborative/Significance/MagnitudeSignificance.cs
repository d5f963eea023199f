using System.Numerics.Tensors;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>The norm of the weights that lead into the unit: looks at neither class nor data, kept for comparison.</summary>
public sealed class MagnitudeSignificance : ISignificance
{
    /// <inheritdoc/>
    public string Name => "magnitude";

    /// <inheritdoc/>
    public float[][] Score(ISiteModel model, ClassSample sample)
    {
        var scores = new float[model.Layers.Count - 1][];
        for (var layer = 0; layer < scores.Length; layer++)
        {
            scores[layer] = new float[model.Layers[layer].Outputs];
            for (var unit = 0; unit < scores[layer].Length; unit++)
            {
                scores[layer][unit] = TensorPrimitives.Norm(model.Layers[layer].Row(model.Parameters, unit));
            }
        }

        return scores;
    }
}
