using FlameEdge.Collaborative.Bench;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Collaborative.Bench;

/// <summary>
/// The quick part of tests/canoe-bands.sh: every workload with good helpers, on digits with bad ones as well. MNIST, which takes minutes, and wisdm-har, where figures are known to be below
/// (docs/reports/canoe-bands.md), are in the script alone.
/// </summary>
[Trait("Category", "Golden")]
public class GoldenStreamTests
{
    private static readonly StreamBench s_bench = new(Streams, Data);
    private static readonly string[] s_quick = ["digits", "beijing-air", "beijing-air-bands"];

    public static TheoryData<string> Files => SharedData.IsAbsent ? [] : [.. System.IO.Directory.EnumerateFiles(Streams, "*-s*.json.gz", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Streams, path)).Order(StringComparer.Ordinal)];

    /// <summary>What the folder holds of them.</summary>
    public static TheoryData<string, string, string> Cases => SharedData.IsAbsent ? [] :
        [.. from dataset in s_bench.Datasets.Intersect(s_quick)
            from workload in s_bench.Workloads(dataset)
            from method in workload != "W7" ? ["canoe"] : dataset == "digits" ? StreamBench.BadShares : []
            select (dataset, workload, method)];

    private static string Streams => SharedData.IsAbsent ? "" : SharedData.Path("golden", "canoe");

    private static string Data => SharedData.IsAbsent ? "" : SharedData.Path("data");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Figures_are_in_the_references_bands_or_better(string dataset, string workload, string method)
    {
        using var bands = new BandTable(Streams);

        var figures = Assert.Single(s_bench.Run(dataset, workload, [method], bands.IsolatedRate(dataset)));

        var entries = bands.Compare(figures);
        Assert.NotEmpty(entries);
        Assert.All(entries, entry => Assert.True(entry.IsReached, $"{dataset} {workload} {method}: {entry}"));
        Assert.True(workload != "W6" || figures.PayloadBytes == 0, $"{figures.PayloadBytes} bytes moved although nothing changed");
    }

    [Fact]
    public void A_run_repeats_to_the_last_bit()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var path = SharedData.Stream("digits", "W3");
        var workload = StreamFiles.Workload(path);
        var files = StreamFiles.Base(Path.Combine(Path.GetDirectoryName(path)!, workload.Base));
        var data = new StreamData(files, StreamRows.Load(Data, files.Dataset, files.Files, files.ClassNames, files.Seed));

        var (first, second) = (new StreamRun(data, new RunOptions(new())).Run(workload), new StreamRun(data, new RunOptions(new())).Run(workload));

        Assert.Equal(first.Accuracies[0], second.Accuracies[0]);
        Assert.Equal(first.Verdicts.Select(verdict => (verdict.Helper, verdict.Refusal)), second.Verdicts.Select(verdict => (verdict.Helper, verdict.Refusal)));
        Assert.NotEmpty(first.Verdicts);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void Every_stored_stream_is_understood(string file)
    {
        if (Path.GetFileName(file).StartsWith("base-", StringComparison.Ordinal))
        {
            var files = StreamFiles.Base(Path.Combine(Streams, file));
            Assert.Equal(files.ClassNames.Count, files.Model.Layers[^1]);
            Assert.All(files.Sites, site => Assert.True(site.Sequence.Count >= files.Batch));
            return;
        }

        var workload = StreamFiles.Workload(Path.Combine(Streams, file));
        Assert.All(workload.Streams, stream => Assert.Equal(16 * workload.Batches, stream.Rows.Count));
        Assert.Equal(workload.Workload == "W7", workload.Offers is not null);
    }
}
