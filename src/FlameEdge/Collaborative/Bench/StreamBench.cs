using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Runs folders of stored streams: DATASET/WORKLOAD-sN.json.gz with DATASET/base-sN.json.gz, over a folder of data files.</summary>
/// <remarks>Deterministic on a machine: the same folder gives the same figures. Not thread-safe; keeps the rows of one dataset in memory.</remarks>
public sealed class StreamBench(string streams, string data)
{
    private StreamRows? rows;
    private string? loaded;

    /// <summary>The methods that can be run, beside the isolated learner that all are compared with.</summary>
    public static IReadOnlyList<string> Methods { get; } =
        ["canoe", "untrained_packet", "canoe_independent_init", "canoe_other_architecture", "canoe_delay_5", "fedavg_E1", "fedavg_E10", "full_replace"];

    /// <summary>Engines by name, for methods <c>canoe:HELPER>TARGET</c>: helpers of other layers and start on one of them, the target on another.</summary>
    public IReadOnlyDictionary<string, SiteEngine> Engines { get; init; } = new Dictionary<string, SiteEngine>();

    /// <summary>Datasets of the folder, in order.</summary>
    public IReadOnlyList<string> Datasets => [.. System.IO.Directory.EnumerateDirectories(streams).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>Workloads of a dataset, in order.</summary>
    public IReadOnlyList<string> Workloads(string dataset) =>
        [.. System.IO.Directory.EnumerateFiles(Path.Combine(streams, dataset), "*-s*.json.gz").Select(file => Path.GetFileName(file).Split('-')[0]).Where(name => name != "base").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The rows of one site of a stored stream.</summary>
    /// <param name="stream">Path of <c>WORKLOAD-sN.json.gz</c>; its base lies beside it.</param>
    /// <param name="data">Folder of the data files.</param>
    /// <param name="site">The site's number.</param>
    /// <param name="isAlone">True where only one site may have rows of its own, because others are kept in step with it.</param>
    /// <exception cref="DatasetException">A file is missing or broken, or the stream has no such site.</exception>
    internal static StoredBatches Open(string stream, string data, int site, bool isAlone)
    {
        var workload = StreamFiles.Workload(stream);
        var files = StreamFiles.Base(Path.Combine(Path.GetDirectoryName(stream)!, workload.Base)); // A file has a folder.
        if (isAlone && workload.Streams.Count != 1)
        {
            throw new DatasetException($"{stream} has rows for {workload.Streams.Count} targets; lockstep keeps the others in step with one. Leave canoe.lockstep out, or play another workload");
        }

        return site < files.Sites.Count
            ? new StoredBatches(new StreamData(files, StreamRows.Load(data, files)), workload, site)
            : throw new DatasetException($"{stream} has {files.Sites.Count} sites, there is no site {site}; give the role 'replica: {files.Sites.Count}'");
    }

    /// <summary>Settings recommended for a dataset of the stored streams: a column of the table in docs/canoe.md.</summary>
    public static CanoeSettings SettingsFor(string dataset) => dataset switch
    {
        "mnist" => CanoeSettings.ForImages,
        "wisdm-har" => CanoeSettings.ForSensors,
        "beijing-air-bands" => CanoeSettings.ForFewInputs,
        "beijing-air" => CanoeSettings.ForBroadDrift,
        _ => new CanoeSettings(),
    };

    /// <summary>The rate of a stream's own grid with which the isolated learner's mean accuracy over W1 is highest.</summary>
    public float TunedRate(string dataset)
    {
        var seeds = Seeds(dataset, "W1");
        return seeds[0].Data.Base.LearningRateGrid.MaxBy(rate => seeds.Average(seed => Isolated(seed, rate).Accuracies[0].Average()));
    }

    /// <summary>Figures of one workload with some methods; <paramref name="isolatedRate"/> is that of the isolated learner, and of a node that nobody helps.</summary>
    /// <param name="dataset">A folder of the streams.</param>
    /// <param name="workload">W1, W1b, W2, W3, W4, W6, or W7.</param>
    /// <param name="methods">Of <see cref="Methods"/>; for W7 also <c>20</c>, <c>50</c> and <c>100</c>, the share of bad packets.</param>
    /// <param name="isolatedRate">Step length.</param>
    /// <exception cref="DatasetException">A stream or a data file is missing or broken.</exception>
    public IReadOnlyList<StreamFigures> Run(string dataset, string workload, IReadOnlyList<string> methods, float isolatedRate)
    {
        var seeds = Seeds(dataset, workload);
        var settings = SettingsFor(dataset) with { AloneRate = isolatedRate };
        // Without a change only the same rate on both sides tells harm from luck.
        var isolated = seeds.ConvertAll(seed => Isolated(seed, workload == "W6" ? settings.LearningRate : isolatedRate));
        return [.. methods.Select(method => StreamFigures.Of(dataset, workload, method, isolated, seeds.ConvertAll(seed => Run(seed, method, settings, isolatedRate))))];
    }

    private static RunResult Isolated((StreamData Data, StreamWorkload Workload) seed, float rate) =>
        new StreamRun(seed.Data, new RunOptions(new CanoeSettings { LearningRate = rate, Collaborates = false })).Run(seed.Workload);

    private RunResult Run((StreamData Data, StreamWorkload Workload) seed, string method, CanoeSettings settings, float isolatedRate)
    {
        var options = new RunOptions(settings);
        return method switch
        {
            "fedavg_E1" => FederatedBaseline.Run(seed.Data, seed.Workload, every: 1, isolatedRate),
            "fedavg_E10" => FederatedBaseline.Run(seed.Data, seed.Workload, every: 10, isolatedRate),
            _ => new StreamRun(seed.Data, method switch
            {
                "canoe" => options,
                "untrained_packet" => options with { IsUntrained = true, Settings = settings with { IsGated = false } },
                "canoe_independent_init" => options with { HasCommonStart = false },
                "canoe_other_architecture" => options with { HasCommonStart = false, HelperHidden = [96, 48] },
                "canoe_delay_5" => options with { DelayBatches = 5 },
                "full_replace" => options with { ReplacesModel = true, Settings = new CanoeSettings { LearningRate = isolatedRate, Collaborates = false } },
                _ when method.Split(':', '>') is ["canoe", var helper, var target] => options with { HasCommonStart = false, HelperHidden = [96, 48], HelperEngine = Engines[helper], TargetEngine = Engines[target] },
                _ when seed.Workload.Offers?.ContainsKey(method) == true => options with { Offers = method },
                _ => throw new ArgumentException($"there is no method '{method}': say {string.Join(", ", Methods)}", nameof(method)),
            }).Run(seed.Workload),
        };
    }

    private List<(StreamData Data, StreamWorkload Workload)> Seeds(string dataset, string workload)
    {
        List<(StreamData, StreamWorkload)> seeds = [];
        foreach (var path in System.IO.Directory.EnumerateFiles(Path.Combine(streams, dataset), $"{workload}-s*.json.gz").Order(StringComparer.Ordinal))
        {
            var stream = StreamFiles.Workload(path);
            var files = StreamFiles.Base(Path.Combine(streams, dataset, stream.Base));
            if (loaded != dataset)
            {
                (this.rows, loaded) = (StreamRows.Load(data, files), dataset);
            }

            seeds.Add((new StreamData(files, this.rows!), stream)); // Loaded above.
        }

        return seeds.Count > 0 ? seeds : throw new DatasetException($"{streams}/{dataset} holds no {workload}-s*.json.gz; check the folder of streams");
    }
}
