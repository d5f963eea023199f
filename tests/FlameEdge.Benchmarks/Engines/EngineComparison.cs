using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace FlameEdge.Benchmarks.Engines;

/// <summary>ONNX Runtime beside TorchSharp: one thread, processes that take turns, medians and their ratios.</summary>
internal static class EngineComparison
{
    private static readonly (string Model, int Batch, double Must)[] s_cases = [("mlp", 32, 1.0), ("mlp", 256, 1.0), ("lenet", 32, 1.0), ("lenet", 256, 0.8)];

    /// <summary>Measures and writes a table in Markdown to <paramref name="output"/>. False where a bound is missed.</summary>
    public static bool Run(TextWriter output, int repeats, double seconds, long steps)
    {
        var isMet = true;
        output.WriteLine("| model, batch | onnx samples/CPU s | torch samples/CPU s | ratio | at least | onnx bytes/step | torch bytes/step | onnx peak MB | torch peak MB | ratio | at most |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (model, batch, must) in s_cases)
        {
            var (onnx, torch) = (new List<EngineFigures>(), new List<EngineFigures>());
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                onnx.Add(Measure("onnx", model, batch, seconds, 0));
                torch.Add(Measure("torch", model, batch, seconds, 0));
            }

            var speed = Median(onnx.Zip(torch, (own, other) => own.SamplesPerCpuSecond / other.SamplesPerCpuSecond));
            var memory = Median(onnx.Zip(torch, (own, other) => (double)own.PeakKilobytes / other.PeakKilobytes));
            isMet &= speed >= must && memory <= 0.6 && Median(onnx.Select(run => run.BytesPerStep)) <= 256;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {model}, {batch} | {Median(onnx.Select(run => run.SamplesPerCpuSecond)):N0} | {Median(torch.Select(run => run.SamplesPerCpuSecond)):N0} | {speed:0.00} ({Range(onnx, torch)}) | {must:0.0} | {Median(onnx.Select(run => run.BytesPerStep)):0} | {Median(torch.Select(run => run.BytesPerStep)):0} | {Median(onnx.Select(run => run.PeakKilobytes / 1024.0)):0} | {Median(torch.Select(run => run.PeakKilobytes / 1024.0)):0} | {memory:0.00} | 0.6 |"));
            output.Flush();
        }

        output.WriteLine();
        output.WriteLine("| engine | steps | resident MB after a tenth | at the end |");
        output.WriteLine("|---|---|---|---|");
        foreach (var engine in new[] { "onnx", "torch" })
        {
            var run = Measure(engine, "mlp", 32, 0, steps);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {engine} | {run.Steps:N0} | {run.EarlyKilobytes / 1024.0:0.0} | {run.LateKilobytes / 1024.0:0.0} |"));
            output.Flush();
        }

        return isMet;
    }

    private static EngineFigures Measure(string engine, string model, int batch, double seconds, long steps)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false }; // A program that runs has a path.
        string[] own = Path.GetFileNameWithoutExtension(start.FileName) == "dotnet" ? [typeof(EngineComparison).Assembly.Location] : [];
        foreach (var argument in own.Concat(["engine", engine, model, $"{batch}", seconds.ToString(CultureInfo.InvariantCulture), $"{steps}"]))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!; // Started by name of a program, never by a document.
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<EngineFigures>(text)!
            : throw new InvalidOperationException($"{engine} {model} {batch} ended with {process.ExitCode}");
    }

    private static string Range(List<EngineFigures> onnx, List<EngineFigures> torch)
    {
        var ratios = onnx.Zip(torch, (own, other) => own.SamplesPerCpuSecond / other.SamplesPerCpuSecond).Order().ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{ratios[0]:0.00}–{ratios[^1]:0.00}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[(sorted.Count / 2) - 1] + sorted[sorted.Count / 2]) / 2;
    }
}
