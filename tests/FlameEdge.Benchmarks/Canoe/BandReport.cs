using System.Globalization;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Benchmarks.Canoe;

/// <summary>Runs every stored stream and writes, as Markdown, where the figures stand in the reference's bands (tests/canoe-bands.sh).</summary>
internal static class BandReport
{
    private static readonly string[] s_badShares = ["20", "50", "100"];
    private static readonly string[] s_canoe = ["canoe"];

    /// <summary>Writes the report line by line; 0 where everything is in its band or better.</summary>
    public static int Run(TextWriter output, string streams, string data, IReadOnlyList<string> datasets)
    {
        using var bands = new BandTable(streams);
        var bench = new StreamBench(streams, data);
        if (datasets.Except(bench.Datasets).ToArray() is { Length: > 0 } unknown)
        {
            Console.Error.WriteLine($"no stored streams of {string.Join(", ", unknown)} in {streams}; it has {string.Join(", ", bench.Datasets)}");
            return 2;
        }

        var (inside, outside) = (0, new List<string>());
        foreach (var dataset in datasets.Count > 0 ? datasets : bench.Datasets)
        {
            var rate = bands.IsolatedRate(dataset);
            Line(output, $"\n## {dataset}\n\nIsolated learner at {rate}, the rate the reference tuned it to (its best here by mean accuracy over W1: {bench.TunedRate(dataset)}); W6 at the same rate on both sides.\n");
            Line(output, $"| workload | method | isolated, batches per seed | method, batches per seed | median × / means × | smoothed 95 %, 90 % | area 1–30 | final | worst seed | payload bytes | refused | alarms/100 | bands |");
            Line(output, $"|---|---|---|---|---|---|---|---|---|---|---|---|---|");
            foreach (var workload in bench.Workloads(dataset))
            {
                foreach (var figures in bench.Run(dataset, workload, MethodsOf(workload), rate))
                {
                    var entries = bands.Compare(figures);
                    var missed = entries.Where(entry => !entry.IsReached).Select(entry => entry.ToString()).ToArray();
                    inside += entries.Count - missed.Length;
                    outside.AddRange(missed.Select(entry => $"{dataset} {workload} {figures.Method}: {entry}"));
                    Write(output, figures, entries.Count == 0 ? "none given" : missed.Length == 0 ? $"all {entries.Count} reached" : string.Join("; ", missed));
                }
            }
        }

        Line(output, $"\n## Bands\n\n{inside} of {inside + outside.Count} figures are in the reference's band or better.{(outside.Count > 0 ? " Below:" : "")}\n");
        foreach (var line in outside)
        {
            Line(output, $"- {line}");
        }

        return outside.Count == 0 ? 0 : 1;
    }

    private static IReadOnlyList<string> MethodsOf(string workload) => workload switch
    {
        "W1" => StreamBench.Methods,
        "W7" => s_badShares,
        _ => s_canoe,
    };

    private static void Write(TextWriter output, StreamFigures figures, string verdict) =>
        Line(output, $"| {figures.Workload} | {figures.Method} | {string.Join(' ', figures.IsolatedBatches)} | {string.Join(' ', figures.Batches)} | {figures.MedianRatio:0.0} / {figures.RatioOfMeans:0.0} | {figures.Smooth.At95:0.0}, {figures.Smooth.At90:0.0} | {figures.Area.Isolated:0.000} → {figures.Area.Method:0.000} | {figures.Final:0.000} | {figures.WorstSeed:+0.000;-0.000;0.000} | {figures.PayloadBytes:0} | {figures.Refused} | {figures.AlarmsPer100:0.0} | {verdict} |");

    private static void Line(TextWriter output, FormattableString line)
    {
        output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        output.Flush();
    }
}
