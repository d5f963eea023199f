using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Significance;

/// <summary>|E_c[a] − E_rest[a]|: how differently the unit answers to the class. Needs no gradient.</summary>
public sealed class ActivationSignificance : ISignificance
{
    /// <inheritdoc/>
    public string Name => "activation";

    /// <inheritdoc/>
    public float[][] Score(ISiteModel model, ClassSample sample)
    {
        var positive = Means(model, sample.Positives);
        var negative = Means(model, sample.Negatives);
        return [.. positive.Zip(negative, (p, n) => p.Zip(n, (a, b) => Math.Abs(a - b)).ToArray())];
    }

    private static float[][] Means(ISiteModel model, float[] rows)
    {
        var count = rows.Length / model.FeatureCount;
        model.Forward(rows, new float[count * model.ClassCount]);
        return UnitMeans.Activations(model, count);
    }
}
