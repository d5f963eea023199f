using System.Globalization;
using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Cli.Canoe;

/// <summary>What Canoe is meant to show, and whether figures show it.</summary>
/// <remarks>The bars were set before the figures were measured (docs/canoe.md has them); a figure below its bar is said to be below it.</remarks>
internal static class CanoeClaims
{
    private static readonly Dictionary<string, ((double Median, double Means) Must, (double Median, double Means) Aim)> s_introduction = new(StringComparer.Ordinal)
    {
        ["digits"] = ((8, 5), (18, 11)),
        ["sensors"] = ((8, 4), (12, 8)),
        ["mnist"] = ((5, 4), (10, 8)),
        ["wisdm-har"] = ((2.5, 2), (5, 3.5)),
        ["beijing-air-bands"] = ((3, 2.5), (6, 4.5)),
        ["beijing-air"] = ((1.5, 1.4), (3, 2.5)),
    };

    private static readonly Dictionary<string, (double Must, double Aim)> s_rare = new(StringComparer.Ordinal)
    {
        ["digits"] = (5, 7),
        ["mnist"] = (3, 4.5),
        ["beijing-air-bands"] = (3, 4),
        ["wisdm-har"] = (1.3, 2),
    };

    /// <summary>All claims that these figures can speak to.</summary>
    public static IEnumerable<ClaimResult> Of(IReadOnlyList<StreamFigures> figures) => figures.GroupBy(of => of.Dataset).SelectMany(dataset => OfDataset(dataset.Key, [.. dataset]));

    private static IEnumerable<ClaimResult> OfDataset(string dataset, StreamFigures[] figures)
    {
        var canoe = Find("W1", "canoe");
        if (canoe is not null && s_introduction.TryGetValue(dataset, out var bar))
        {
            yield return AtLeast("W1, median of isolated ÷ Canoe", canoe.MedianRatio, bar.Must.Median, bar.Aim.Median);
            yield return AtLeast("W1, ratio of means", canoe.RatioOfMeans, bar.Must.Means, bar.Aim.Means);
        }

        if (Find("W1b", "canoe") is { } rare && s_rare.TryGetValue(dataset, out var rareBar))
        {
            yield return AtLeast("W1b, ratio of means", rare.RatioOfMeans, rareBar.Must, rareBar.Aim);
        }

        if (canoe is not null && Find("W1", "fedavg_E10") is { } federated && Find("W1", "fedavg_E10_top1_int8") is { } compressed)
        {
            yield return AtLeast("W1, payload of FedAvg E = 10 over 100 batches ÷ Canoe", federated.PayloadBytes / canoe.PayloadBytes, 100, 400);
            yield return AtLeast("W1, payload of FedAvg E = 10, top 1 % and int8 ÷ Canoe", compressed.PayloadBytes / canoe.PayloadBytes, 2, 5);
        }

        foreach (var harm in figures.Where(of => of.Method == "canoe" && of.Workload is not ("W5" or "W7")))
        {
            yield return AtLeast($"{harm.Workload}, worst seed against isolated", harm.WorstSeed, -0.01, 0, "+0.000;-0.000;0.000");
        }

        foreach (var harm in figures.Where(of => of.Workload == "W7"))
        {
            yield return AtLeast($"W7, worst seed with {harm.Method} % bad packets", harm.WorstSeed, -0.03, -0.01, "+0.000;-0.000;0.000");
        }

        if (dataset == "digits" && Find("W1", "canoe_delay_5") is { } delayed)
        {
            yield return AtLeast("W1, 5 batches of delay, median", delayed.MedianRatio, 3.5, 8);
        }

        if (canoe is not null && Find("W1", "canoe_other_architecture") is { } other)
        {
            yield return AtLeast("W1, helpers of another architecture, median ÷ that of the same", other.MedianRatio / canoe.MedianRatio, 0.7, 0.9);
        }

        if (Find("W6", "canoe") is { } quiet)
        {
            yield return AtMost("W6, payload per batch, bytes", quiet.PayloadBytes / quiet.Seeds[0].Method.Count, 5, 0);
        }

        StreamFigures? Find(string workload, string method) => figures.FirstOrDefault(of => of.Workload == workload && of.Method == method);

        ClaimResult AtLeast(string claim, double value, double must, double aim, string format = "0.0#") => new(dataset, claim, Say(value, format), $"≥ {Say(must, format)}", $"≥ {Say(aim, format)}", value >= must, value >= aim);

        ClaimResult AtMost(string claim, double value, double must, double aim) => new(dataset, claim, Say(value, "0.0#"), $"< {Say(must, "0.##")}", $"≤ {Say(aim, "0.##")}", value < must, value <= aim);
    }

    private static string Say(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>One claim and what was measured.</summary>
internal sealed record ClaimResult(string Dataset, string Claim, string Measured, string Must, string Aim, bool IsMet, bool IsAimed)
{
    /// <summary>In a word.</summary>
    public string Verdict => IsAimed ? "aim reached" : IsMet ? "met" : "**missed**";
}
