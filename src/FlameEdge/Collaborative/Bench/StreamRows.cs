using FlameEdge.Diagnostics;
using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Bench;

/// <summary>The rows that stored streams point to, numbered through their files and normalised as the streams' description says.</summary>
/// <remarks>Immutable; safe to share between runs.</remarks>
internal sealed class StreamRows
{
    private static readonly string[] s_measures = ["AVG", "PEAK", "ABSOLDEV", "STANDDEV"];
    private readonly float[][] rows;
    private readonly int[] labels;

    private StreamRows(IReadOnlyList<int> shape, float[][] rows, int[] labels) => (SampleShape, this.rows, this.labels) = (shape, rows, labels);

    /// <summary>Dimensions of one row.</summary>
    public IReadOnlyList<int> SampleShape { get; }

    /// <summary>The class of a row.</summary>
    public int Label(int row) => this.labels[row];

    /// <summary>The features of <paramref name="rows"/>: [rows, features].</summary>
    public float[] Features(IReadOnlyList<int> rows)
    {
        var width = SampleShape.Aggregate(1, (product, size) => product * size);
        var features = new float[rows.Count * width];
        for (var i = 0; i < rows.Count; i++)
        {
            this.rows[rows[i]].CopyTo(features, i * width);
        }

        return features;
    }

    /// <summary>The classes of <paramref name="rows"/>.</summary>
    public int[] Labels(IReadOnlyList<int> rows) => [.. rows.Select(row => this.labels[row])];

    /// <summary>Loads what the streams of <paramref name="files"/> point to, below the folder <paramref name="data"/>.</summary>
    /// <exception cref="DatasetException">The dataset is unknown, or a file missing or broken.</exception>
    public static StreamRows Load(string data, StreamBase files)
    {
        string[] paths = [.. files.Files.Select(file => Path.Combine(data, file))];
        return files.Dataset switch
        {
            "digits" => Digits(paths),
            "mnist" => Mnist(paths),
            "wisdm-har" => Activities(paths, files.ClassNames),
            "beijing-air" or "beijing-air-bands" => Air(paths),
            _ => throw new DatasetException($"streams of '{files.Dataset}' cannot be read: known are digits, mnist, wisdm-har, beijing-air and beijing-air-bands"),
        };
    }

    private static StreamRows Digits(string[] paths)
    {
        string[] pixels = [.. Enumerable.Range(0, 64).Select(i => $"p{i}")];
        var table = CsvTable.Read(paths[0], new CsvColumns([.. pixels, "label"], [], [], FindNumbers: false));
        var columns = pixels.Select(table.Numbers).ToArray();
        var rows = Rows(table.Count, 64, (row, feature) => columns[feature][row] / 16);
        return new StreamRows([64], rows, [.. table.Numbers("label").Select(label => (int)label)]);
    }

    private static StreamRows Mnist(string[] paths)
    {
        var images = paths.Select(IdxFile.Read).ToArray();
        var labels = paths.Select(path => IdxFile.Read(path.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal)));
        var rows = images.SelectMany(file => Rows(file.Dimensions[0], 784, (row, pixel) => file.Bytes[(row * 784) + pixel] / 255.0));
        return new StreamRows([1, 28, 28], [.. rows], [.. labels.SelectMany(file => file.Bytes).Select(label => (int)label)]);
    }

    private static StreamRows Activities(string[] paths, IReadOnlyList<string> classes)
    {
        string[] names = [.. "XYZ".SelectMany(axis => Enumerable.Range(0, 10).Select(i => $"{axis}{i}")), .. s_measures.SelectMany(kind => "XYZ".Select(axis => $"{axis}{kind}")), "RESULTANT"];
        var table = CsvTable.Read(paths[0], new CsvColumns(names, ["activity", "split"], [], FindNumbers: false));
        var columns = names.Select(table.Numbers).ToArray();
        var split = table.Texts("split");
        var train = Enumerable.Range(0, table.Count).Where(row => split.Distinct[split.Code(row)] == "train").ToArray();
        var rows = Normalised([.. Enumerable.Range(0, table.Count).Select(row => columns.Select(column => column[row]).ToArray())], train, bound: 4);
        var activity = table.Texts("activity");
        return new StreamRows([43], rows, [.. Enumerable.Range(0, table.Count).Select(row => classes.ToList().IndexOf(activity.Distinct[activity.Code(row)]))]);
    }

    private static StreamRows Air(string[] paths)
    {
        string[] values = ["SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"];
        FeatureSpec[] features = [.. values.Select(name => new FeatureSpec { Column = name }), new() { Column = "wd", Kind = "compass" }, new() { Column = "hour", Kind = "cycle", Period = 24 }, new() { Column = "month", Kind = "cycle", Period = 12, Offset = 1 }];
        List<double[]> rows = [];
        List<int> labels = [];
        List<int> early = [];
        foreach (var table in paths.Select(path => CsvTable.Read(path, new CsvColumns([.. values, "year", "month", "hour", "PM2.5", "PM10"], ["wd"], [], FindNumbers: false))))
        {
            var columns = features.Select(feature => FeatureColumn.Of(feature, table)).ToArray();
            var (years, months, coarse, fine) = (table.Numbers("year"), table.Numbers("month"), table.Numbers("PM10"), table.Numbers("PM2.5"));
            for (var row = 0; row < table.Count; row++)
            {
                var read = Read(columns, row);
                if (years[row] + (months[row] / 100) < 2016.025 && !read.Any(double.IsNaN) && !double.IsNaN(coarse[row] + fine[row]))
                {
                    early.Add(rows.Count);
                }

                rows.Add(read);
                labels.Add(fine[row] switch { <= 35 => 0, <= 75 => 1, <= 150 => 2, _ => 3 });
            }
        }

        return new StreamRows([15], Normalised([.. rows], [.. early], bound: 5), [.. labels]);
    }

    private static double[] Read(FeatureColumn[] columns, int row)
    {
        var values = new double[columns.Sum(column => column.Width)];
        var at = 0;
        foreach (var column in columns)
        {
            column.Read(row, values.AsSpan(at, column.Width));
            at += column.Width;
        }

        return values;
    }

    private static float[][] Rows(int count, int width, Func<int, int, double> value)
    {
        var rows = new float[count][];
        for (var row = 0; row < count; row++)
        {
            rows[row] = new float[width];
            for (var i = 0; i < width; i++)
            {
                rows[row][i] = (float)value(row, i);
            }
        }

        return rows;
    }

    // (x − mean) / deviation of the rows in the pool (population, missing ignored), missing 0, held within the bound.
    private static float[][] Normalised(double[][] rows, int[] pool, double bound)
    {
        var width = rows[0].Length;
        var scaled = Rows(rows.Length, width, (_, _) => 0);
        for (var feature = 0; feature < width; feature++)
        {
            var known = pool.Select(row => rows[row][feature]).Where(value => !double.IsNaN(value)).ToArray();
            var mean = known.Average();
            var deviation = FeatureStatistics.Positive(Math.Sqrt(known.Sum(value => (value - mean) * (value - mean)) / known.Length));
            for (var row = 0; row < rows.Length; row++)
            {
                var value = (rows[row][feature] - mean) / deviation;
                scaled[row][feature] = double.IsNaN(value) ? 0 : (float)Math.Clamp(value, -bound, bound);
            }
        }

        return scaled;
    }
}
