using System.Globalization;
using FlameEdge.Cli;
using FlameEdge.Cli.Plots;
using FlameEdge.Rounds;
using FlameEdge.Topology;

namespace FlameEdge.Benchmarks.Algorithms;

/// <summary>Accuracy by round of everything a job can name, each run a job over the embedded broker; a table and a picture for each family and dataset.</summary>
internal static class AlgorithmCurves
{
    private const int TuningSeed = 1000;
    private const int RoundCount = 30;
    private static readonly int[] Seeds = [0, 1];

    // Small networks on the devices, some two local epochs a round: clients drift apart.
    private static readonly string[] Small = ["model.kind=mlp", "training.learningRate=0.1", "training.batchSize=20"];
    private static readonly int[] Users = [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 25, 26, 27, 28, 29, 31, 32, 33, 34, 35];

    private static readonly TestBed[] Beds =
    [
        new("mnist", "MNIST, ten clients of two shards", "mnist-small", [.. Enumerable.Range(0, 10).Select(client => $"train-{client}")], [.. Small, "model.hidden=[64]", "training.steps=60", "partition=shards"]),
        new("wisdm-har", "wisdm-har, thirty users", "wisdm-har", [.. Users.Select(user => $"user-{user}")], [.. Small, "model.hidden=[32]", "training.steps=12"], "RESULTANT"),
    ];

    /// <param name="data">The datasets' folder.</param>
    /// <param name="folder">Where the pictures go.</param>
    /// <param name="writer">Takes the tables.</param>
    /// <param name="only">Families and datasets; all where none is named.</param>
    public static async Task RunAsync(string data, string folder, TextWriter writer, string[] only)
    {
        var beds = Beds.Where(bed => only.Contains(bed.Name)).ToList();
        var families = only.Except(beds.Select(bed => bed.Name)).ToList();
        foreach (var bed in beds.Count > 0 ? beds : [.. Beds])
        {
            foreach (var (family, cases) in AlgorithmFamilies.Of(bed.Clients.Count, bed.Attribute).Where(family => families.Count == 0 || families.Contains(family.Name)))
            {
                var lines = new List<Line>();
                foreach (var one in cases)
                {
                    var rate = await ChooseAsync(data, bed, one);
                    List<JobResult> results = [];
                    foreach (var seed in Seeds)
                    {
                        results.Add(await RunAsync(data, bed, one, rate, seed));
                    }

                    lines.Add(new(one, rate, results));
                    Console.Error.WriteLine($"{bed.Name}, {family}: {one.Name} done");
                }

                var picture = $"algorithms-{family}-{bed.Name}.png";
                LearningCurvePlot.Write(Path.Combine(folder, picture), $"{bed.Title}: {family}", "test accuracy, mean of seeds", [.. lines.Select(line => (line.Case.Name, line.Rounds, line.Accuracies))]);
                Write(writer, family, bed.Title, picture, lines);
            }
        }
    }

    private static async Task<double?> ChooseAsync(string data, TestBed bed, AlgorithmCase one)
    {
        var best = (Rate: (double?)null, Accuracy: double.NegativeInfinity);
        foreach (var rate in one.Rates ?? [])
        {
            var accuracy = (await RunAsync(data, bed, one, rate, TuningSeed)).Rounds.TakeLast(5).Average(round => round.Accuracy ?? 0);
            best = accuracy > best.Accuracy ? (rate, accuracy) : best;
        }

        return best.Rate;
    }

    private static async Task<JobResult> RunAsync(string data, TestBed bed, AlgorithmCase one, double? rate, int seed)
    {
        var folder = Directory.CreateTempSubdirectory("algorithm-curves-").FullName;
        try
        {
            var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Algorithms", $"{bed.Job}.yaml"));
            var job = Path.Combine(folder, "job.yaml");
            await File.WriteAllTextAsync(job, Changed(text, bed.Clients, one, rate));
            using var said = new StringWriter();
            string[] arguments =
            [
                "run", job, "--out", Path.Combine(folder, "out"), "--format", "json",
                .. bed.Settings.Select(setting => one.Epochs is { } epochs && setting.StartsWith("training.steps=", StringComparison.Ordinal) ? $"training.epochs={epochs}" : setting).Append($"data={Path.Combine(data, bed.Name)}").Append($"seed={seed}").Append($"rounds.count={RoundCount * one.Steps}").SelectMany(setting => new[] { "--set", setting }),
            ];
            using var talk = new StringWriter();
            var code = await FlameEdgeHost.RunAsync(arguments, null, null, TextWriter.Synchronized(said), TextWriter.Synchronized(talk), CancellationToken.None);
            return code == 0 ? JobResult.Read(Path.Combine(folder, "out", "result.json")) : throw new InvalidOperationException($"{bed.Name}, {one.Name} ended with {code}:\n{talk}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Changed(string text, IReadOnlyList<string> clients, AlgorithmCase one, double? rate)
    {
        if (one.Topology is { } topology)
        {
            var (start, end) = (text.IndexOf("topology:", StringComparison.Ordinal), text.IndexOf("datasets:\n", StringComparison.Ordinal));
            text = $"{text[..start]}{Topologies.Over(topology, clients)}\n{text[end..]}";
        }

        // A section said twice is no YAML: what a case says of rounds takes the place of the job's.
        if (one.Lines.StartsWith("rounds:", StringComparison.Ordinal))
        {
            text = text[..text.LastIndexOf("rounds:", StringComparison.Ordinal)];
        }

        // Who counts steps counts no epochs.
        text = one.Epochs is null ? text : text.Replace(", steps: 5", string.Empty, StringComparison.Ordinal);
        return $"{text}\n{one.Lines.Replace("{rate}", rate?.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)}\n";
    }

    private static void Write(TextWriter writer, string family, string title, string picture, List<Line> lines)
    {
        int[] shown = [1, 5, 10, 20, RoundCount];
        writer.WriteLine($"## {char.ToUpperInvariant(family[0])}{family[1..]}: {title}");
        writer.WriteLine();
        writer.WriteLine($"| | chosen | {string.Join(" | ", shown.Select(round => $"round {round}"))} | least of seeds | workers counted |");
        writer.WriteLine($"|---|---:|{string.Concat(shown.Select(_ => "---:|"))}---:|---:|");
        foreach (var line in lines)
        {
            var counted = line.Results.Average(result => result.Rounds.Average(round => round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)));
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {line.Case.Name} | {line.Rate} | {string.Join(" | ", shown.Select(round => line.Accuracies[round - 1].ToString("0.000", CultureInfo.InvariantCulture)))} | {line.Results.Min(result => result.Rounds[^1].Accuracy ?? 0):0.000} | {counted:0.0} |"));
        }

        writer.WriteLine();
        writer.WriteLine($"![{family}, {title}]({picture})");
        writer.WriteLine();
    }

    /// <summary>Clients with data of their own, and what they learn.</summary>
    /// <param name="Attribute">The feature whose upper half is a group to be fair to; null where rows have no named features.</param>
    private sealed record TestBed(string Name, string Title, string Job, IReadOnlyList<string> Clients, string[] Settings, string? Attribute = null);

    private sealed record Line(AlgorithmCase Case, double? Rate, IReadOnlyList<JobResult> Results)
    {
        public IReadOnlyList<double> Rounds { get; } = [.. Enumerable.Range(1, RoundCount).Select(round => (double)round)];

        public IReadOnlyList<double> Accuracies => [.. Enumerable.Range(1, RoundCount).Select(round => Results.Average(result => result.Rounds[Math.Min(result.Rounds.Count, round * Case.Steps) - 1].Accuracy ?? double.NaN))];
    }
}
