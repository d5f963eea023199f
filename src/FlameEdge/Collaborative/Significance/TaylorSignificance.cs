using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>I(u) = |E_c[a ∂m/∂a] − E_rest[a ∂m/∂a]|: what the class's margin would lose without the unit, to first order, beyond what it loses on other classes (§4.2, our design).</summary>
/// <seealso href="https://arxiv.org/abs/1611.06440">Molchanov et al. 2017, for the first-order criterion in pruning</seealso>
public sealed class TaylorSignificance : ISignificance
{
    /// <inheritdoc/>
    public string Name => "taylor";

    /// <inheritdoc/>
    public float[][] Score(ISiteModel model, ClassSample sample)
    {
        var positive = Products(model, sample.Positives, sample.Label);
        var negative = Products(model, sample.Negatives, sample.Label);
        return [.. positive.Zip(negative, (p, n) => p.Zip(n, (a, b) => Math.Abs(a - b)).ToArray())];
    }

    private static float[][] Products(ISiteModel model, float[] rows, int label)
    {
        ClassMargin.Pass(model, rows, label);
        return UnitMeans.Products(model, rows.Length / model.FeatureCount);
    }
}
