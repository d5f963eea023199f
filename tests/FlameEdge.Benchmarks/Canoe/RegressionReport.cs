using System.Globalization;
using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Benchmarks.Canoe;

/// <summary>PM2.5 itself in place of its bands: how soon a station is good again with a neighbour's region, beside the station alone at its own best rate (tests/canoe-regression.sh).</summary>
internal static class RegressionReport
{
    private static readonly float[] s_rates = [0.005f, 0.01f, 0.02f, 0.05f];

    /// <summary>Writes a table, one row per seed.</summary>
    public static void Run(TextWriter output, string streams, string data, string dataset)
    {
        var bench = new RegressionBench(streams, data);
        var settings = CanoeSettings.ForFewInputs;
        var runs = s_rates.ToDictionary(rate => rate, rate => bench.Run(dataset, "W1", rate, settings));
        var best = s_rates.MinBy(rate => runs[rate].Average(run => run.Isolated.Average()));
        Line(output, $"Isolated learner at {best}, its best of {string.Join(", ", s_rates)} by mean error.\n");
        Line(output, $"| seed | isolated: batches, error 1–30, final | Canoe: batches, error 1–30, final | payload bytes | accepted |");
        Line(output, $"|---|---|---|---|---|");
        List<(int Isolated, int Canoe)> batches = [];
        foreach (var run in runs[best])
        {
            // Within a tenth of what the isolated learner converges to, three in a row.
            var threshold = 1.1 * run.Isolated.TakeLast(30).Average();
            batches.Add((BatchesTo(threshold, run.Isolated), BatchesTo(threshold, run.Canoe)));
            Line(output, $"| {run.Seed} | {batches[^1].Isolated}, {run.Isolated.Take(30).Average():0.000}, {run.Isolated.TakeLast(30).Average():0.000} | {batches[^1].Canoe}, {run.Canoe.Take(30).Average():0.000}, {run.Canoe.TakeLast(30).Average():0.000} | {run.PayloadBytes} | {run.Accepted} |");
        }

        double[] ratios = [.. batches.Select(pair => (double)pair.Isolated / pair.Canoe).Order()];
        Line(output, $"\nMedian {ratios[ratios.Length / 2]:0.0} ×, ratio of means {batches.Average(pair => pair.Isolated) / batches.Average(pair => pair.Canoe):0.0} ×; worst seed's mean error against isolated in batches 1–60: {runs[best].Max(run => run.Canoe.Zip(run.Isolated, (mine, other) => mine - other).Take(60).Average()):+0.000;-0.000} (above 0 is worse).");
    }

    private static int BatchesTo(double threshold, IReadOnlyList<double> errors) =>
        Enumerable.Range(0, errors.Count - 2).Where(start => errors.Skip(start).Take(3).All(error => error <= threshold)).Select(start => start + 1).FirstOrDefault(errors.Count + 1);

    private static void Line(TextWriter output, FormattableString line) => output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
