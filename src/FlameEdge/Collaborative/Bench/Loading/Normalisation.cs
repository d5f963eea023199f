using FlameEdge.Models.Loading;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>(x − mean) / deviation of a pool of rows (population, missing ignored), missing 0, held within ± <paramref name="bound"/>.</summary>
internal sealed class Normalisation(double[] means, double[] deviations, double bound)
{
    /// <summary>That of the rows numbered in <paramref name="pool"/>; a deviation of 0 counts as 1.</summary>
    public static Normalisation Of(double[][] rows, int[] pool, double bound)
    {
        var width = rows[0].Length;
        var (means, deviations) = (new double[width], new double[width]);
        for (var feature = 0; feature < width; feature++)
        {
            var known = pool.Select(row => rows[row][feature]).Where(value => !double.IsNaN(value)).ToArray();
            var mean = known.Average();
            (means[feature], deviations[feature]) = (mean, FeatureStatistics.Positive(Math.Sqrt(known.Sum(value => (value - mean) * (value - mean)) / known.Length)));
        }

        return new Normalisation(means, deviations, bound);
    }

    /// <summary>Normalised rows.</summary>
    public float[][] Apply(double[][] rows) => [.. rows.Select(row => row.Select((value, feature) => double.IsNaN(value) ? 0 : Scaled(value, feature)).ToArray())];

    /// <summary>What a change of raw values, given feature and value, does to a normalised row.</summary>
    public Action<Span<float>> Shift(Func<int, double, double> change) => row =>
    {
        for (var feature = 0; feature < row.Length; feature++)
        {
            row[feature] = Scaled(change(feature, (row[feature] * deviations[feature]) + means[feature]), feature);
        }
    };

    private float Scaled(double value, int feature) => (float)Math.Clamp((value - means[feature]) / deviations[feature], -bound, bound);
}
