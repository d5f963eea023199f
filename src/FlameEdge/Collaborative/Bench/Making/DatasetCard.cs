namespace FlameEdge.Collaborative.Bench.Making;

/// <summary>What streams of a dataset are made of.</summary>
/// <param name="Name">Of the dataset.</param>
/// <param name="Files">Below the data folder, in the order in which rows are numbered.</param>
/// <param name="Classes">Names of the classes.</param>
/// <param name="New">How many classes appear later.</param>
/// <param name="Base">How many the target knows.</param>
/// <param name="Layers">Widths of the network.</param>
internal sealed record DatasetCard(string Name, IReadOnlyList<string> Files, IReadOnlyList<string> Classes, int New, int Base, IReadOnlyList<int> Layers)
{
    private static readonly string[] s_digits = [.. Enumerable.Range(0, 10).Select(digit => $"{digit}")];
    private static readonly string[] s_bands = ["<=35", "<=75", "<=150", ">150"];

    private static readonly string[] s_stations =
        [.. "Aotizhongxin Changping Dingling Dongsi Guanyuan Nongzhanguan Shunyi Tiantan Wanshouxigong".Split(' ').Select(name => $"beijing-air/{name}.csv.gz")];

    /// <summary>All datasets of which streams can be made.</summary>
    public static IReadOnlyList<DatasetCard> All { get; } =
    [
        new("digits", ["digits/digits.csv.gz"], s_digits, 2, 6, [64, 64, 32, 10]),
        new("sensors", [], Loading.SensorWindow.Faults, 2, 6, [Loading.SensorFeatures.Count, 64, 32, 10]),
        new("mnist", ["mnist/train-images-idx3-ubyte.gz", "mnist/t10k-images-idx3-ubyte.gz"], s_digits, 2, 6, [784, 128, 64, 10]),
        new("wisdm-har", ["wisdm-har/wisdm_windows.csv.gz"], ["Downstairs", "Jogging", "Sitting", "Standing", "Upstairs", "Walking"], 2, 3, [43, 64, 32, 6]),
        new("beijing-air", s_stations, s_bands, 1, 3, [15, 64, 32, 4]),
        new("beijing-air-bands", s_stations, s_bands, 1, 3, [15, 64, 32, 4]),
    ];

    /// <summary>Classes of the five sites: the target knows the base classes, site 1 all new ones and is the right helper, site 2 none, sites 3 and 4 one each where there are two.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> SiteClasses(StreamRoles roles)
    {
        var (fresh, known, extra) = (roles.New, roles.Base, roles.Extra);
        // Where there is one new class only (ordered bands) a helper knows all classes, and one of the others none of the new.
        var most = fresh.Count == 1 ? known.Count : known.Count > 3 ? 4 : 2;
        return
        [
            known,
            [.. fresh, .. known.Take(most), .. extra],
            [.. known.Take(Math.Max(3, known.Count - 1)), .. extra],
            [fresh[0], .. known.Skip(1)],
            fresh.Count == 1 ? known : [fresh[1], .. extra, .. known.Skip(1).Take(3)],
        ];
    }
}
