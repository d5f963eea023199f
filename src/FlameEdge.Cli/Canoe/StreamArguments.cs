using System.CommandLine;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Diagnostics;

namespace FlameEdge.Cli.Canoe;

/// <summary>What verbs over fresh streams ask for: which, of which data, from which seeds, where to.</summary>
internal sealed class StreamArguments
{
    private const int MostSeeds = 1000;
    private readonly Argument<string> workload = new("WORKLOAD") { Description = $"{string.Join(", ", Workloads)}, or all" };
    private readonly Option<string?> data = new("--data") { Description = "folder of the datasets' files; the generated sensors need none", HelpName = "FOLDER" };
    private readonly Option<string[]> dataset = new("--dataset") { Description = $"one or several of {string.Join(", ", Datasets)}; all by default", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int> seeds = new("--seeds") { Description = "how many fresh streams; ten or more for a claim", HelpName = "N", DefaultValueFactory = _ => 10 };
    private readonly Option<int> first = new("--first-seed") { Description = "the first of them", HelpName = "N", DefaultValueFactory = _ => 0 };
    private Option<string> target = null!; // Given with the verb.

    /// <summary>Datasets of which streams can be made.</summary>
    public static IReadOnlyList<string> Datasets { get; } = StreamBench.Fresh("", []).Datasets;

    /// <summary>Workloads that can be made.</summary>
    public static IReadOnlyList<string> Workloads { get; } = StreamBench.Fresh("", []).Workloads("");

    /// <summary>Adds the arguments to a verb.</summary>
    public void AddTo(Command verb, string folder, string what)
    {
        target = new Option<string>("--out") { Description = what, HelpName = "FOLDER", DefaultValueFactory = _ => folder };
        workload.AcceptOnlyFromAmong([.. Workloads, "all"]);
        verb.Add(workload);
        foreach (var option in new Option[] { data, dataset, seeds, first, target })
        {
            verb.Add(option);
        }
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="TopologyException">A number is out of its bounds.</exception>
    public BenchPlan Read(ParseResult parsed) => new()
    {
        Workload = parsed.GetValue(workload)!, // An argument that must be given.
        Data = parsed.GetValue(data),
        Datasets = parsed.GetValue(dataset)!, // Defaults stand in, here and below.
        Seeds = Within("--seeds", parsed.GetValue(seeds), 1, MostSeeds),
        FirstSeed = Within("--first-seed", parsed.GetValue(first), 0, 1_000_000),
        Out = parsed.GetValue(target)!,
    };

    /// <summary>A number within its bounds.</summary>
    /// <exception cref="TopologyException">It is not.</exception>
    public static int Within(string option, int value, int least, int most) =>
        value >= least && value <= most ? value : throw new TopologyException($"{option} must be from {least} to {most}, not {value}");
}
