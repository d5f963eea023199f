using System.Globalization;
using System.Text.Json;

namespace FlameEdge.Collaborative.Bench;

/// <summary>The bands that a reference reached on stored streams (<c>results.json</c> beside them), and where figures stand in them.</summary>
public sealed class BandTable : IDisposable
{
    private const double AccuracyTolerance = 0.02;
    private readonly JsonDocument results;

    /// <summary>Reads the bands of a folder of streams.</summary>
    public BandTable(string streams)
    {
        using var file = File.OpenRead(Path.Combine(streams, "results.json"));
        this.results = JsonDocument.Parse(file);
    }

    /// <summary>The rate the reference's isolated learner was tuned to.</summary>
    public float IsolatedRate(string dataset) => this.results.RootElement.GetProperty(dataset).GetProperty("isolated_lr").GetSingle();

    /// <summary>What the bands say of figures: for W1 and W1b the lower ends given; elsewhere, where the reference gives figures alone, those less 0.02 in accuracy (the tolerance that its bands have).</summary>
    public IReadOnlyList<BandEntry> Compare(StreamFigures figures)
    {
        var workload = this.results.RootElement.GetProperty(figures.Dataset).GetProperty(figures.Workload);
        if (figures.Workload is "W1" or "W1b")
        {
            return workload.TryGetProperty(figures.Method, out var method) && method.TryGetProperty("band", out var band) ? Banded(figures, method, band) : [];
        }

        if (figures.Workload == "W7")
        {
            var share = workload.GetProperty(figures.Method);
            return [Entry("area 1–30", share, "area_1_30", figures.Area.Method), Entry("worst seed", share, "worst_seed_vs_isolated", figures.WorstSeed)];
        }

        if (figures.Workload == "W4")
        {
            var hops = workload.GetProperty("canoe_by_hop").EnumerateArray().Select(hop => hop.GetDouble()).ToArray();
            return [.. hops.Select((hop, i) => new BandEntry($"hop {i + 1}", hop, hop - AccuracyTolerance, figures.Hops[i]))];
        }

        return [Entry("mean accuracy", workload, "canoe_mean", figures.Mean.Method), Entry("worst seed", workload, "worst_seed_vs_isolated", figures.WorstSeed)];
    }

    /// <inheritdoc/>
    public void Dispose() => this.results.Dispose();

    private static BandEntry[] Banded(StreamFigures figures, JsonElement method, JsonElement band)
    {
        return
        [
            Within("median ×", "median_ratio", figures.MedianRatio),
            Within("means ×", "ratio_of_means", figures.RatioOfMeans),
            Within("area 1–30", "area_1_30", figures.Area.Method),
            Within("final", "final", figures.Final),
            Within("worst seed", "worst_seed_vs_isolated", figures.WorstSeed),
        ];

        BandEntry Within(string name, string property, double ours) => new(name, method.GetProperty(property).GetDouble(), band.GetProperty(property)[0].GetDouble(), ours);
    }

    private static BandEntry Entry(string name, JsonElement element, string property, double ours)
    {
        var reference = element.GetProperty(property).GetDouble();
        return new BandEntry(name, reference, reference - AccuracyTolerance, ours);
    }
}

/// <summary>One figure beside the reference's.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Reference">What the reference reached.</param>
/// <param name="Least">The lower end of its band; above it is welcome.</param>
/// <param name="Ours">What was measured.</param>
public sealed record BandEntry(string Name, double Reference, double Least, double Ours)
{
    /// <summary>True where the figure is in the band or better.</summary>
    public bool IsReached => Ours >= Least;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}: {Ours:0.###} (reference {Reference:0.###}, at least {Least:0.###})");
}
