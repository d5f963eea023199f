using System.Globalization;
using FlameEdge.Cli;
using FlameEdge.Cli.Plots;
using FlameEdge.Rounds;

namespace FlameEdge.Benchmarks.Codecs;

/// <summary>
/// Accuracy against uploaded bytes: the same job through the product's own runner once per codec and seed, bytes as the aggregator's channel counted them. Writes a
/// picture per dataset and a table, and says whether top-1 % keeps within a point of float32 at a fiftieth of its bytes.
/// </summary>
internal static class CodecCurves
{
    private const double LargestLoss = 0.01;
    private const double LeastSaving = 50;
    private static readonly string[] Datasets = ["mnist", "beijing-air"];
    private static readonly int[] Seeds = [0, 1];

    private static readonly (string Up, string Down)[] Codecs =
    [
        ("float32", "float32"), ("float16", "float32"), ("bfloat16", "float32"), ("int8", "float32"), ("sign", "float32"),
        ("top-k 1%", "float32"), ("top-k 1% + int8", "float32"), ("top-k 1% + int8", "delta + int8"),
    ];

    public static async Task<bool> RunAsync(string data, string folder, TextWriter writer)
    {
        var isKept = true;
        foreach (var dataset in Datasets)
        {
            var runs = new List<(string Name, IReadOnlyList<JobResult> Results)>();
            foreach (var (up, down) in Codecs)
            {
                var results = new List<JobResult>();
                foreach (var seed in Seeds)
                {
                    results.Add(await RunAsync(dataset, Path.Combine(data, dataset), up, down, seed));
                }

                runs.Add((down == "float32" ? up : $"{up}, down {down}", results));
                Console.Error.WriteLine($"{dataset}: {runs[^1].Name} done");
            }

            Plot(Path.Combine(folder, $"codecs-{dataset}.png"), dataset, runs);
            isKept &= Write(writer, dataset, runs);
        }

        return isKept;
    }

    private static async Task<JobResult> RunAsync(string dataset, string data, string up, string down, int seed)
    {
        var output = Directory.CreateTempSubdirectory("codec-curves-").FullName;
        try
        {
            using var said = new StringWriter();
            string[] arguments = ["run", Path.Combine(AppContext.BaseDirectory, "Codecs", $"{dataset}.yaml"), "--out", output, "--set", $"data={data}", "--set", $"up={up}", "--set", $"down={down}", "--set", $"seed={seed}"];
            var code = await FlameEdgeHost.RunAsync(arguments, null, null, said, said, CancellationToken.None);
            return code == 0 ? JobResult.Read(Path.Combine(output, "result.json")) : throw new InvalidOperationException($"{dataset} with {up}, {down} ended with {code}:\n{said}");
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static void Plot(string path, string dataset, List<(string Name, IReadOnlyList<JobResult> Results)> runs) => LearningCurvePlot.Write(
        path,
        $"{dataset}: accuracy against what was uploaded",
        "test accuracy, mean of seeds",
        [.. runs.Select(run => (run.Name, Of(run.Results, round => Math.Log10(Uploaded(run.Results, round))), Of(run.Results, round => Accuracy(run.Results, round))))],
        "uploaded, log10 of bytes");

    private static bool Write(TextWriter writer, string dataset, List<(string Name, IReadOnlyList<JobResult> Results)> runs)
    {
        var last = runs[0].Results[0].Rounds.Count - 1;
        var (plain, plainBytes) = (Accuracy(runs[0].Results, last), Uploaded(runs[0].Results, last));
        writer.WriteLine($"## {dataset}, {last + 1} rounds, {runs[0].Results.Count} seeds");
        writer.WriteLine();
        writer.WriteLine("| up | accuracy | against float32, points | uploaded, MB | fewer | payload before / after | down, payload before / after |");
        writer.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (name, results) in runs)
        {
            var (accuracy, bytes) = (Accuracy(results, last), Uploaded(results, last));
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} | {accuracy:0.0000} | {(accuracy - plain) * 100:+0.00;-0.00;0} | {bytes / 1e6:0.000} | {plainBytes / bytes:0.0} × | {Saving(results, round => round.UpdateBytes):0.0} × | {Saving(results, round => round.ModelBytes):0.0} × |"));
        }

        writer.WriteLine();
        var (sparse, sparseBytes) = (Accuracy(runs.Single(run => run.Name == "top-k 1%").Results, last), Uploaded(runs.Single(run => run.Name == "top-k 1%").Results, last));
        var holds = plain - sparse <= LargestLoss && plainBytes / sparseBytes >= LeastSaving;
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"top-k 1%: {plainBytes / sparseBytes:0.0} × fewer bytes for {(plain - sparse) * 100:0.00} points (wanted: at least {LeastSaving:0} × for at most {LargestLoss * 100:0}){(holds ? "" : " **missed**")}"));
        writer.WriteLine();
        return holds;
    }

    // Mean over seeds of all that came up until the end of a round, messages included.
    private static double Uploaded(IReadOnlyList<JobResult> results, int round) => results.Average(result => result.Rounds.Take(round + 1).Sum(one => (double)one.BytesUp));

    private static double Accuracy(IReadOnlyList<JobResult> results, int round) => results.Average(result => result.Rounds[round].Accuracy ?? double.NaN);

    private static double Saving(IReadOnlyList<JobResult> results, Func<RoundResult, PayloadBytes> bytes) =>
        results.Average(result => (double)result.Rounds.Sum(round => bytes(round).Before) / result.Rounds.Sum(round => bytes(round).After));

    private static IReadOnlyList<double> Of(IReadOnlyList<JobResult> results, Func<int, double> value) => [.. Enumerable.Range(0, results[0].Rounds.Count).Select(value)];
}
