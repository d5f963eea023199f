using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>One or two features made of a column of one table.</summary>
internal abstract class FeatureColumn(int width)
{
    private static readonly string[] Kinds = ["value", "cycle", "compass"];

    private static readonly string[] Compass = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];

    /// <summary>Number of features.</summary>
    public int Width => width;

    /// <summary>Reads the features of a row: [width], NaN where missing.</summary>
    public abstract void Read(int row, Span<double> features);

    /// <summary>True where the column is read as text.</summary>
    public static bool IsText(FeatureSpec feature) => Checked(feature).Kind == "compass";

    /// <summary>What messages call the features of a column.</summary>
    public static string[] Names(FeatureSpec feature) =>
        feature.Kind == "value" ? [feature.Column] : [$"{feature.Column} (sine)", $"{feature.Column} (cosine)"];

    /// <summary>The column of a table.</summary>
    public static FeatureColumn Of(FeatureSpec feature, CsvTable table) => feature.Kind switch
    {
        "value" => new ValueColumn(table.Numbers(feature.Column)),
        "cycle" => new CycleColumn(table.Numbers(feature.Column), feature.Period, feature.Offset),
        _ => new CompassColumn(table.Texts(feature.Column), PointsOf(feature.Column, table)),
    };

    private static FeatureSpec Checked(FeatureSpec feature)
    {
        if (!Kinds.Contains(feature.Kind))
        {
            throw new DatasetException($"feature '{feature.Column}': there is no kind '{FaultText.Short(feature.Kind)}'{FaultText.Hint(feature.Kind, Kinds)}");
        }

        if (feature.Kind == "cycle" && !(double.IsFinite(feature.Period) && feature.Period > 0 && double.IsFinite(feature.Offset)))
        {
            throw new DatasetException($"feature '{feature.Column}': a cycle needs a period above 0 and a finite offset, not {feature.Period} and {feature.Offset}");
        }

        return feature;
    }

    // Sixteenths of a turn clockwise from north, by text code; -1 for an empty field.
    private static int[] PointsOf(string name, CsvTable table)
    {
        var column = table.Texts(name);
        var points = new int[column.Distinct.Count];
        for (var code = 0; code < points.Length; code++)
        {
            var text = column.Distinct[code];
            points[code] = Array.IndexOf(Compass, text);
            if (points[code] < 0 && text.Length > 0)
            {
                throw SourceFile.Fault(table.PlaceOf(column, code), $"column '{name}': '{FaultText.Short(text)}' is not one of the 16 compass points N, NNE, NE … NNW");
            }
        }

        return points;
    }

    private sealed class ValueColumn(double[] values) : FeatureColumn(1)
    {
        public override void Read(int row, Span<double> features) => features[0] = values[row];
    }

    private sealed class CycleColumn(double[] values, double period, double offset) : FeatureColumn(2)
    {
        // NaN passes through both functions.
        public override void Read(int row, Span<double> features) =>
            (features[0], features[1]) = Math.SinCos(2 * Math.PI * (values[row] - offset) / period);
    }

    private sealed class CompassColumn(TextColumn column, int[] points) : FeatureColumn(2)
    {
        public override void Read(int row, Span<double> features)
        {
            var point = points[column.Code(row)];
            (features[0], features[1]) = point < 0 ? (double.NaN, double.NaN) : Math.SinCos(2 * Math.PI * point / Compass.Length);
        }
    }
}
