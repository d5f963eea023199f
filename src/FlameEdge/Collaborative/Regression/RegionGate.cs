using System.Numerics.Tensors;
using FlameEdge.Collaborative.Boosting;

namespace FlameEdge.Collaborative.Regression;

/// <summary>Looks at an arrived region's specialist before it may speak: by the error it makes on rows here, none of which it has seen (our design).</summary>
internal static class RegionGate
{
    private const int FewRows = 4;
    private const double MostOutside = 0.5;

    /// <summary>Null where it may be used: finite, silent on half of the other rows at least, nearer to the region's values than the site is, and no worse over all rows.</summary>
    public static Refusal? Judge(RegionStage stage, RegionEnsemble ensemble, IReadOnlyList<float[]> inside, IReadOnlyList<float[]> outside)
    {
        if (!TensorPrimitives.IsFiniteAll(stage.Network.Parameters))
        {
            return Refusal.NotFinite;
        }

        if (inside.Count == 0 || outside.Count == 0)
        {
            return Refusal.Untested;
        }

        var firing = stage.Outputs(RegionTraining.Features(outside)).Where((score, i) => i % 2 == 0 && score > 0).Count();
        if (firing > MostOutside * outside.Count)
        {
            return Refusal.FiresOnOthers;
        }

        var (before, outsideBefore) = (Error(ensemble, inside), Error(ensemble, outside));
        ensemble.Add(stage);
        var (after, outsideAfter) = (Error(ensemble, inside), Error(ensemble, outside));
        ensemble.Remove(stage);
        if (after < before && after + outsideAfter <= before + outsideBefore)
        {
            return null;
        }

        return inside.Count < FewRows ? Refusal.Untested : Refusal.DoesNotSeparate;
    }

    // Mean absolute error over rows [features…, value].
    private static double Error(RegionEnsemble ensemble, IReadOnlyList<float[]> rows) =>
        ensemble.Predict(RegionTraining.Features(rows)).Zip(rows, (value, row) => Math.Abs((double)value - row[^1])).Average();
}
