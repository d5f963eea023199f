using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>E_c[(a ∂ ln p_c/∂a)²]: the Fisher information of the unit's activation on the class's rows.</summary>
/// <seealso href="https://arxiv.org/abs/1612.00796">Kirkpatrick et al. 2017, for the diagonal of the Fisher matrix as importance</seealso>
public sealed class FisherSignificance : ISignificance
{
    /// <inheritdoc/>
    public string Name => "fisher";

    /// <inheritdoc/>
    public float[][] Score(ISiteModel model, ClassSample sample)
    {
        var rows = sample.Positives.Length / model.FeatureCount;
        var logits = new float[rows * model.ClassCount];
        model.Forward(sample.Positives, logits);
        for (var row = 0; row < rows; row++)
        {
            var values = logits.AsSpan(row * model.ClassCount, model.ClassCount);
            Logits.Softmax(values, values);
            values[sample.Label] -= 1;
        }

        model.Backward(logits);
        return UnitMeans.SquaredProducts(model, rows);
    }
}
