using FlameEdge.Collaborative.Bench;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Canoe;

/// <summary>What a bench shall run.</summary>
internal sealed record BenchPlan
{
    private const int TuningRuns = 4 * 5;

    /// <summary>A workload's name, or <c>all</c>.</summary>
    public required string Workload { get; init; }

    /// <summary>Folder of the datasets; null for generated data alone.</summary>
    public required string? Data { get; init; }

    /// <summary>Folder of stored streams; null for fresh ones.</summary>
    public string? Streams { get; init; }

    /// <summary>How many fresh streams.</summary>
    public required int Seeds { get; init; }

    /// <summary>The first of them.</summary>
    public required int FirstSeed { get; init; }

    /// <summary>The seeds.</summary>
    public IReadOnlyList<int> SeedNumbers => [.. Enumerable.Range(FirstSeed, Seeds)];

    /// <summary>Folder of what is written.</summary>
    public required string Out { get; init; }

    /// <summary>Datasets asked for; empty for all.</summary>
    public required IReadOnlyList<string> Datasets { get; init; }

    /// <summary>Methods asked for, and of W7 shares of bad packets; empty for the usual ones.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>The isolated learner's step length; null to tune it.</summary>
    public float? IsolatedRate { get; init; }

    /// <summary>Seeds that are played over a broker too; 0 for none.</summary>
    public int BrokerSeeds { get; init; }

    /// <summary>That broker; null for one within the process.</summary>
    public Uri? BrokerUri { get; init; }

    /// <summary>Seeds run at a time.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>The datasets to run.</summary>
    /// <exception cref="TopologyException">One is unknown, or needs files and no folder is given.</exception>
    public IReadOnlyList<string> ChosenDatasets(IReadOnlyList<string> known)
    {
        IReadOnlyList<string> there = Streams is null ? known : new StreamBench(Existing("--streams", Streams), "").Datasets;
        var chosen = Datasets.Count > 0 ? Datasets : Data is null && Streams is null ? ["sensors"] : there;
        foreach (var name in chosen)
        {
            if (!there.Contains(name))
            {
                throw new TopologyException($"there is no dataset '{name}'{(Streams is null ? "" : $" in {Streams}")}: known are {string.Join(", ", there)}");
            }

            if (name != "sensors")
            {
                Existing("--data", Data ?? throw new TopologyException($"{name} needs its files: give their folder with --data"));
            }
        }

        return chosen;
    }

    /// <summary>The workloads to run of those that <paramref name="there"/> are.</summary>
    public IEnumerable<string> ChosenWorkloads(IReadOnlyList<string> there) => there.Where(name => Workload == "all" || name == Workload);

    /// <summary>The methods of a workload.</summary>
    public IReadOnlyList<string> MethodsFor(string workload) => workload switch
    {
        "W7" => Chosen(StreamBench.BadShares) is { Length: > 0 } shares ? shares : StreamBench.BadShares,
        _ when Chosen(StreamBench.Methods) is { Length: > 0 } methods => methods,
        "W1" => StreamBench.Methods,
        "W1b" or "W5" => ["canoe", "full_replace", "fedavg_E10"],
        _ => ["canoe"],
    };

    /// <summary>True where a workload is played over a broker too: of all of them the introduction and the calm, which tell what a change costs.</summary>
    public bool IsPlayed(string workload) => Workload == "all" ? workload is "W1" or "W6" : workload == Workload;

    /// <summary>How many runs that are, more or less: for the progress bar.</summary>
    public int RunCount(IReadOnlyList<string> datasets)
    {
        var workloads = Workload == "all" ? StreamBench.Fresh("", []).Workloads("") : [Workload];
        return datasets.Count * (TuningRuns + (Seeds * workloads.Sum(name => 1 + MethodsFor(name).Count)));
    }

    /// <summary>What was run, in a sentence.</summary>
    public string Head() => Streams is null
        ? $"Fresh streams, seeds {FirstSeed} to {FirstSeed + Seeds - 1}; the isolated learner's rate is chosen on seeds 2000 to 2004. `flame-edge canoe bench {Workload} --seeds {Seeds} --first-seed {FirstSeed}`."
        : $"Stored streams; the isolated learner's rate is chosen on fresh seeds 2000 to 2004. `flame-edge canoe bench {Workload} --streams`.";

    private string[] Chosen(IReadOnlyList<string> known) => [.. Methods.Where(known.Contains)];

    private static string Existing(string option, string folder) => Directory.Exists(folder) ? folder : throw new TopologyException($"{option}: there is no folder {folder}");
}
