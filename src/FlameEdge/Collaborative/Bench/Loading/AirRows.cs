using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Bench.Loading;

/// <summary>Hours of air quality stations, 15 features, classes by PM2.5; the owner is the station. After a concept shift the gas sensors' gain is 1.5.</summary>
internal static class AirRows
{
    private const double ShiftedGain = 1.5;
    private const int GasSensors = 4;
    private const int NormalisedBefore = (2016 * 12) + 2; // March 2016.
    private static readonly string[] s_values = ["SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"];

    public static StreamRows Load(string[] paths)
    {
        FeatureSpec[] features = [.. s_values.Select(name => new FeatureSpec { Column = name }), new() { Column = "wd", Kind = "compass" }, new() { Column = "hour", Kind = "cycle", Period = 24 }, new() { Column = "month", Kind = "cycle", Period = 12, Offset = 1 }];
        List<double[]> rows = [];
        List<int> labels = [];
        List<int> stations = [];
        List<int?> months = [];
        foreach (var (station, path) in paths.Index())
        {
            var table = CsvTable.Read(path, new CsvColumns([.. s_values, "year", "month", "hour", "PM2.5", "PM10"], ["wd"], [], FindNumbers: false));
            var columns = features.Select(feature => FeatureColumn.Of(feature, table)).ToArray();
            var (years, month, coarse, fine) = (table.Numbers("year"), table.Numbers("month"), table.Numbers("PM10"), table.Numbers("PM2.5"));
            for (var row = 0; row < table.Count; row++)
            {
                var read = Read(columns, row);
                var isComplete = !read.Any(double.IsNaN) && !double.IsNaN(coarse[row] + fine[row]);
                rows.Add(read);
                labels.Add(fine[row] switch { <= 35 => 0, <= 75 => 1, <= 150 => 2, _ => 3 });
                stations.Add(station);
                months.Add(isComplete ? (int)((years[row] * 12) + month[row] - 1) : null);
            }
        }

        double[][] all = [.. rows];
        var normalisation = Normalisation.Of(all, [.. Enumerable.Range(0, all.Length).Where(row => months[row] < NormalisedBefore)], bound: 5);
        return new StreamRows([all[0].Length], normalisation.Apply(all), [.. labels])
        {
            Owner = row => stations[row],
            Month = row => months[row],
            Shift = normalisation.Shift((feature, value) => feature < GasSensors ? ShiftedGain * value : value),
        };
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
}
