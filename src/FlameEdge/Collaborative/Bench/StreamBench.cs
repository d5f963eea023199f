using FlameEdge.Collaborative.Bench.Making;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Runs workloads with methods side by side, on stored streams or on fresh ones.</summary>
/// <remarks>Deterministic on a machine: the same streams give the same figures, however many jobs there are. Not thread-safe; keeps the rows of one dataset in memory.</remarks>
public sealed class StreamBench
{
    private readonly IStreamSource source;
    private readonly Dictionary<(string Dataset, string Workload), IReadOnlyList<SeedStream>> open = [];

    /// <summary>A folder of stored streams (DATASET/WORKLOAD-sN.json.gz with DATASET/base-sN.json.gz) over a folder of data files.</summary>
    public StreamBench(string streams, string data)
        : this(new StreamFolder(streams, data))
    {
    }

    private StreamBench(IStreamSource source) => this.source = source;

    /// <summary>Streams made from these seeds over a folder of data files, by the rules of the stored ones.</summary>
    public static StreamBench Fresh(string data, IReadOnlyList<int> seeds) => new(new FreshStreams(data, seeds));

    /// <summary>The methods that can be run, beside the isolated learner that all are compared with.</summary>
    public static IReadOnlyList<string> Methods => BenchMethods.All;

    /// <summary>Engines by name, for methods <c>canoe:HELPER>TARGET</c>: helpers of other layers and start on one of them, the target on another.</summary>
    public IReadOnlyDictionary<string, SiteEngine> Engines { get; init; } = new Dictionary<string, SiteEngine>();

    /// <summary>Shares of bad packets: the methods of W7.</summary>
    public static IReadOnlyList<string> BadShares => Schedule.BadShares;

    /// <summary>Datasets there are, in order.</summary>
    public IReadOnlyList<string> Datasets => this.source.Datasets;

    /// <summary>How many seeds are run at a time.</summary>
    public int Jobs { get; set; } = 1;

    /// <summary>Told of each run that has ended; from several threads where there are several jobs.</summary>
    public Action<BenchStep>? Progress { get; set; }

    /// <summary>Workloads of a dataset, in order.</summary>
    public IReadOnlyList<string> Workloads(string dataset) => this.source.Workloads(dataset);

    /// <summary>Widths of a workload's networks, and its number of sites.</summary>
    /// <exception cref="DatasetException">A stream or a data file is missing or broken.</exception>
    public (IReadOnlyList<int> Layers, int Sites) Shape(string dataset, string workload) => (Seeds(dataset, workload)[0].Data.Base.Model.Layers, Seeds(dataset, workload)[0].Data.Base.Sites.Count);

    /// <summary>Writes the streams of a workload to FOLDER/DATASET, in the form of stored ones; the paths of the workload's files, in the order of the seeds.</summary>
    /// <param name="dataset">One of <see cref="Datasets"/>.</param>
    /// <param name="workload">One of its <see cref="Workloads"/>.</param>
    /// <param name="folder">Made where it is not there.</param>
    /// <param name="batches">Cuts the workload short; null for all of it.</param>
    /// <exception cref="DatasetException">A data file is missing or broken.</exception>
    public IReadOnlyList<string> Store(string dataset, string workload, string folder, int? batches = null)
    {
        var target = System.IO.Directory.CreateDirectory(Path.Combine(folder, dataset)).FullName;
        List<string> paths = [];
        foreach (var seed in Seeds(dataset, workload))
        {
            StreamFiles.Write(Path.Combine(target, seed.Workload.Base), seed.Data.Base);
            paths.Add(Path.Combine(target, $"{workload}-s{seed.Seed}.json.gz"));
            StreamFiles.Write(paths[^1], seed.Workload with { Batches = Math.Min(batches ?? int.MaxValue, seed.Workload.Batches) });
        }

        return paths;
    }

    /// <summary>The rows of one site of a stored stream.</summary>
    /// <param name="stream">Path of <c>WORKLOAD-sN.json.gz</c>; its base lies beside it.</param>
    /// <param name="data">Folder of the data files.</param>
    /// <param name="site">The site's number.</param>
    /// <exception cref="DatasetException">A file is missing or broken, or the stream has no such site.</exception>
    internal static StoredBatches Open(string stream, string data, int site)
    {
        var workload = StreamFiles.Workload(stream);
        var files = StreamFiles.Base(Path.Combine(Path.GetDirectoryName(stream)!, workload.Base)); // A file has a folder.
        return site < files.Sites.Count
            ? new StoredBatches(new StreamData(files, StreamRows.Load(data, files.Dataset, files.Files, files.ClassNames, files.Seed)), workload, site)
            : throw new DatasetException($"{stream} has {files.Sites.Count} sites, there is no site {site}; give the role 'replica: {files.Sites.Count}'");
    }

    /// <summary>Settings recommended for a dataset: a column of the table in docs/canoe.md.</summary>
    public static CanoeSettings SettingsFor(string dataset) => dataset switch
    {
        "mnist" => CanoeSettings.ForImages,
        "wisdm-har" => CanoeSettings.ForSensors,
        "beijing-air-bands" => CanoeSettings.ForFewInputs,
        "beijing-air" => CanoeSettings.ForBroadDrift,
        _ => new CanoeSettings(),
    };

    /// <summary>The rate of a stream's own grid with which the isolated learner's mean accuracy over W1 is highest.</summary>
    /// <exception cref="DatasetException">A stream or a data file is missing or broken.</exception>
    public float TunedRate(string dataset, CancellationToken cancellationToken = default)
    {
        var seeds = Seeds(dataset, "W1");
        return seeds[0].Data.Base.LearningRateGrid.MaxBy(rate => Each(seeds, "W1", $"isolated at {rate}", seed => BenchMethods.Isolated(seed, rate, cancellationToken), cancellationToken).Average(run => run.Accuracies[0].Average()));
    }

    /// <summary>Figures of one workload with some methods; <paramref name="isolatedRate"/> is that of the isolated learner, and of a node that nobody helps.</summary>
    /// <param name="dataset">One of <see cref="Datasets"/>.</param>
    /// <param name="workload">One of its <see cref="Workloads"/>.</param>
    /// <param name="methods">Of <see cref="Methods"/>; for W7 of <see cref="BadShares"/>.</param>
    /// <param name="isolatedRate">Step length.</param>
    /// <param name="cancellationToken">Ends it within a batch.</param>
    /// <exception cref="DatasetException">A stream or a data file is missing or broken.</exception>
    /// <exception cref="ArgumentException">There is no such dataset, workload or method.</exception>
    public IReadOnlyList<StreamFigures> Run(string dataset, string workload, IReadOnlyList<string> methods, float isolatedRate, CancellationToken cancellationToken = default)
    {
        var seeds = Seeds(dataset, workload);
        var settings = SettingsFor(dataset) with { AloneRate = isolatedRate };
        // Without a change only the same rate on both sides tells harm from luck.
        var alone = workload == "W6" ? settings.LearningRate : isolatedRate;
        var isolated = Each(seeds, workload, "isolated", seed => BenchMethods.Isolated(seed, alone, cancellationToken), cancellationToken);
        return [.. methods.Select(method => StreamFigures.Of(dataset, workload, method, seeds, isolated, Each(seeds, workload, method, seed => BenchMethods.Run(seed, method, settings, isolatedRate, Engines, cancellationToken), cancellationToken)))];
    }

    private IReadOnlyList<SeedStream> Seeds(string dataset, string workload)
    {
        if (!this.open.TryGetValue((dataset, workload), out var seeds))
        {
            this.open.Clear();
            this.open[(dataset, workload)] = seeds = this.source.Seeds(dataset, workload);
        }

        return seeds;
    }

    private RunResult[] Each(IReadOnlyList<SeedStream> seeds, string workload, string method, Func<SeedStream, RunResult> run, CancellationToken cancellationToken)
    {
        var results = new RunResult[seeds.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Jobs, CancellationToken = cancellationToken };
        try
        {
            Parallel.For(0, seeds.Count, options, i =>
            {
                results[i] = run(seeds[i]);
                Progress?.Invoke(new BenchStep(seeds[i].Workload.Dataset, workload, method, seeds[i].Seed));
            });
        }
        catch (AggregateException error) when (error.InnerExceptions.Count > 0)
        {
            // Whichever came first says what is wrong; the others are the same fault in other seeds.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
        }

        return results;
    }
}

/// <summary>A run that has ended.</summary>
/// <param name="Dataset">Of which data.</param>
/// <param name="Workload">Of what happens.</param>
/// <param name="Method">How.</param>
/// <param name="Seed">Of which seed.</param>
public sealed record BenchStep(string Dataset, string Workload, string Method, int Seed);
