using System.Numerics.Tensors;

namespace FlameEdge.Models.Loading;

/// <summary>Mean and population deviation of every feature; missing values do not count, a deviation of 0 is 1.</summary>
/// <param name="Mean">[features]</param>
/// <param name="Deviation">[features]</param>
internal sealed record FeatureStatistics(double[] Mean, double[] Deviation)
{
    /// <summary>The statistics of rows of several tables as if they were one; two passes in double, so that a large mean costs no digits.</summary>
    public static FeatureStatistics Of(IReadOnlyList<(RowTable Table, int[] Rows)> pool)
    {
        var features = pool[0].Table.FeatureCount;
        var (sum, count) = (new double[features], new long[features]);
        Visit(pool, (feature, value) =>
        {
            sum[feature] += value;
            count[feature]++;
        });
        double[] mean = [.. sum.Zip(count, (total, n) => n == 0 ? 0 : total / n)];
        var squares = new double[features];
        Visit(pool, (feature, value) => squares[feature] += (value - mean[feature]) * (value - mean[feature]));
        double[] deviation = [.. squares.Zip(count, (total, n) => Positive(n == 0 ? 0 : Math.Sqrt(total / n)))];
        return TensorPrimitives.IsFiniteAll<double>(deviation)
            ? new FeatureStatistics(mean, deviation)
            : throw SourceFile.Fault(pool[0].Table.Name, $"{pool[0].Table.FeatureName(Array.FindIndex(deviation, value => !double.IsFinite(value)))} has values too large to be averaged; scale it or correct the file");
    }

    /// <summary>A deviation that can be divided by.</summary>
    public static double Positive(double deviation) => deviation == 0 ? 1 : deviation;

    /// <summary>(x − mean) / deviation in place; what was missing becomes the mean, 0.</summary>
    public void Standardize(Span<double> features)
    {
        TensorPrimitives.Subtract(features, Mean, features);
        TensorPrimitives.Divide(features, Deviation, features);
        if (!TensorPrimitives.IsNaNAny<double>(features))
        {
            return;
        }

        foreach (ref var feature in features)
        {
            feature = double.IsNaN(feature) ? 0 : feature;
        }
    }

    private static void Visit(IReadOnlyList<(RowTable Table, int[] Rows)> pool, Action<int, double> visit)
    {
        foreach (var (table, rows) in pool)
        {
            var buffer = new double[table.FeatureCount];
            foreach (var row in rows)
            {
                table.Read(row, buffer);
                for (var feature = 0; feature < buffer.Length; feature++)
                {
                    if (!double.IsNaN(buffer[feature]))
                    {
                        visit(feature, buffer[feature]);
                    }
                }
            }
        }
    }
}
