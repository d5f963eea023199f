using System.Text.Json;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>The reference data described the way a job describes it.</summary>
internal static class ReferenceSpecs
{
    /// <summary>One for all tests, as in a process: the files are read once.</summary>
    public static readonly DatasetLoader Loader = new();

    public static readonly string[] Stations = ["Aotizhongxin", "Changping", "Dingling", "Dongsi", "Guanyuan", "Nongzhanguan", "Shunyi", "Tiantan", "Wanshouxigong"];

    public static readonly int[] Users = [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 31, 32, 33, 34, 35];

    public static SourceSpec Digits(RowsSpec rows) => new()
    {
        Format = "csv",
        Paths = [SharedData.Path("data", "digits", "digits.csv.gz")],
        Label = "label",
        Scale = 1.0 / 16,
        Rows = rows,
    };

    public static SourceSpec Mnist(string part, RowsSpec rows) => new()
    {
        Format = "idx",
        Paths = [SharedData.Path("data", "mnist", $"{part}-images-idx3-ubyte.gz")],
        LabelsPath = SharedData.Path("data", "mnist", $"{part}-labels-idx1-ubyte.gz"),
        Scale = 1.0 / 255,
        Rows = rows,
    };

    public static SourceSpec Wisdm(string split) => new()
    {
        Format = "csv",
        Paths = [SharedData.Path("data", "wisdm-har", "wisdm_windows.csv.gz")],
        Features = [.. WisdmFeatures().Select(column => new FeatureSpec { Column = column })],
        Label = "activity",
        Rows = new RowsSpec { Where = new Dictionary<string, string> { ["split"] = split } },
    };

    public static SourceSpec Beijing(bool train, params string[] stations)
    {
        KeyValuePair<string, double>[] march2016 = [new("year", 2016), new("month", 3), new("day", 1)];
        return new SourceSpec
        {
            Format = "csv",
            Paths = [.. stations.Select(station => SharedData.Path("data", "beijing-air", $"{station}.csv.gz"))],
            Features =
            [
                .. new[] { "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM" }.Select(column => new FeatureSpec { Column = column }),
                new() { Column = "wd", Kind = "compass" },
                new() { Column = "hour", Kind = "cycle", Period = 24 },
                new() { Column = "month", Kind = "cycle", Period = 12, Offset = 1 },
            ],
            Label = "PM2.5",
            Bands = [35, 75, 150],
            Require = ["*"],
            Rows = train ? new RowsSpec { Before = march2016 } : new RowsSpec { From = march2016 },
        };
    }

    public static DatasetSpec Dataset(SourceSpec source, PartSpec? part = null, StandardizeSpec? standardize = null) =>
        new() { Id = new DatasetId("part"), Source = source, Part = part, Standardize = standardize ?? new StandardizeSpec() };

    public static List<Dataset> Parts(DatasetLoader loader, SourceSpec source, string kind, int parts) =>
        [.. Enumerable.Range(0, parts).Select(index => loader.Load(Dataset(source, new PartSpec { Kind = kind, Parts = parts, Index = index })))];

    public static JsonElement Reference(string name) =>
        JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("data", name, "reference.json"))).RootElement;

    public static int[] ClassCounts(Dataset data)
    {
        var counts = new int[data.ClassCount];
        foreach (var label in data.Labels.Span)
        {
            counts[label]++;
        }

        return counts;
    }

    private static IEnumerable<string> WisdmFeatures()
    {
        string[] axes = ["X", "Y", "Z"];
        var bins = axes.SelectMany(axis => Enumerable.Range(0, 10).Select(bin => $"{axis}{bin}"));
        var others = new[] { "AVG", "PEAK", "ABSOLDEV", "STANDDEV" }.SelectMany(kind => axes.Select(axis => $"{axis}{kind}"));
        return bins.Concat(others).Append("RESULTANT");
    }
}
