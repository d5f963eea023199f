using System.Globalization;
using System.Text;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Cli.Canoe;

/// <summary>Writes what a bench measured as Markdown with pictures: <c>canoe.md</c> and PNG files beside it.</summary>
internal sealed class CanoeReport(string folder)
{
    private static readonly string[] s_drawn = ["canoe", "full_replace", "fedavg_E10", "20", "50", "100"];
    private readonly StringBuilder text = new();
    private readonly HashSet<string> drawn = new(StringComparer.Ordinal);

    /// <summary>The report's file.</summary>
    public string Path => System.IO.Path.Combine(folder, "canoe.md");

    /// <summary>Writes everything; files of an earlier report are replaced.</summary>
    /// <param name="head">What was run, in a line.</param>
    /// <param name="rates">The isolated learner's tuned rate by dataset.</param>
    /// <param name="figures">All figures.</param>
    public void Write(string head, IReadOnlyDictionary<string, float> rates, IReadOnlyList<StreamFigures> figures)
    {
        this.text.Clear();
        Line($"# Canoe bench");
        Line($"");
        Line($"{head}");
        Line($"");
        Line($"Batches: the first from which three in a row reach 95 % of what the isolated learner of the same seed converges to; one more than the horizon if never. × is isolated ÷ method, as median over seeds");
        Line($"and as ratio of means, with 95 % bootstrap intervals over seeds. Smoothed: the same for the mean of five accuracies and 95 or 90 %. Worst seed: least mean difference to isolated in batches 1–60.");
        Line($"Bytes are payload: packets, deltas, 48 per request; of FedAvg 100 batches, five sites, both ways. The isolated learner has the same replay buffer and its own rate, tuned on other seeds.");
        WriteClaims(figures);
        foreach (var dataset in figures.GroupBy(of => of.Dataset))
        {
            WriteDataset(dataset.Key, rates[dataset.Key], [.. dataset]);
        }

        File.WriteAllText(Path, this.text.ToString());
    }

    private void WriteClaims(IReadOnlyList<StreamFigures> figures)
    {
        ClaimResult[] claims = [.. CanoeClaims.Of(figures)];
        if (claims.Length == 0)
        {
            return;
        }

        Line($"");
        Line($"## Against what it must show");
        Line($"");
        Line($"{claims.Count(claim => claim.IsMet)} of {claims.Length} bars are met, {claims.Count(claim => claim.IsAimed)} aims reached.");
        Line($"");
        Line($"| dataset | claim | measured | must | aim | |");
        Line($"|---|---|---|---|---|---|");
        foreach (var claim in claims)
        {
            Line($"| {claim.Dataset} | {claim.Claim} | {claim.Measured} | {claim.Must} | {claim.Aim} | {claim.Verdict} |");
        }
    }

    private void WriteDataset(string dataset, float rate, StreamFigures[] figures)
    {
        Line($"");
        Line($"## {dataset}");
        Line($"");
        Line($"Isolated learner at {rate}.");
        foreach (var workload in figures.GroupBy(of => of.Workload))
        {
            WriteWorkload(dataset, workload.Key, [.. workload]);
        }
    }

    private void WriteWorkload(string dataset, string workload, StreamFigures[] methods)
    {
        Line($"");
        Line($"### {dataset}, {workload}");
        Line($"");
        Line($"Isolated, batches per seed: {string.Join(' ', methods[0].IsolatedBatches)}. Its area (batches 1–30) {methods[0].Area.Isolated:0.000}, mean accuracy {methods[0].Mean.Isolated:0.000}.");
        Line($"");
        Line($"| method | batches per seed | median × [95 %] | means × [95 %] | smoothed 95 %, 90 % | area 1–30 | mean | final | worst seed | bytes | refused | alarms/100 |");
        Line($"|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var of in methods)
        {
            Line($"| {of.Method} | {string.Join(' ', of.Batches)} | {of.MedianRatio:0.0} {Text(of.Intervals.Median)} | {of.RatioOfMeans:0.0} {Text(of.Intervals.Means)} | {of.Smooth.At95:0.0}, {of.Smooth.At90:0.0} | {of.Area.Method:0.000} | {of.Mean.Method:0.000} | {of.Final:0.000} | {of.WorstSeed:+0.000;-0.000;0.000} | {of.PayloadBytes:0} | {of.Refused} | {of.AlarmsPer100:0.0} |");
        }

        if (workload == "W4")
        {
            Line($"");
            Line($"Mean accuracy by hop: {string.Join("; ", methods.Select(of => $"{of.Method} {string.Join(", ", of.Hops.Select(hop => hop.ToString("0.000", CultureInfo.InvariantCulture)))}"))}.");
        }

        Draw(dataset, workload, methods);
    }

    private void Draw(string dataset, string workload, StreamFigures[] methods)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(folder, "canoe"));
        StreamFigures[] shown = [.. methods.Where(of => s_drawn.Contains(of.Method))];
        if (shown.Length > 0)
        {
            Picture($"{dataset}-{workload}-accuracy", "accuracy over batches", path => CanoePlots.Accuracy(path, shown));
        }

        (string, double)[] bytes = [.. methods.Where(of => of.PayloadBytes > 0).Select(of => (of.Method, of.PayloadBytes)).OrderBy(of => of.PayloadBytes)];
        if (bytes.Length > 2)
        {
            Picture($"{dataset}-{workload}-bytes", "payload bytes by method", path => CanoePlots.Bytes(path, $"{dataset}, {workload}: payload bytes", bytes));
        }

        if (workload == "W1" && methods.FirstOrDefault(of => of.Method == "canoe") is { } canoe)
        {
            Picture($"{dataset}-{workload}-timeline", "drift, request, packet, verdict of one seed", path => CanoePlots.Timeline(path, canoe, canoe.Seeds[0]));
        }
    }

    private void Picture(string name, string what, Action<string> draw)
    {
        if (this.drawn.Add(name))
        {
            draw(System.IO.Path.Combine(folder, "canoe", $"{name}.png"));
        }

        Line($"");
        Line($"![{what}](canoe/{name}.png)");
    }

    private static string Text(Interval interval) => string.Create(CultureInfo.InvariantCulture, $"[{interval.Low:0.0}, {interval.High:0.0}]");

    private void Line(FormattableString line) => this.text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
