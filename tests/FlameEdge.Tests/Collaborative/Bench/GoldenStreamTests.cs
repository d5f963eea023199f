using FlameEdge.Collaborative.Bench;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Collaborative.Bench;

/// <summary>The quick part of tests/canoe-bands.sh: a new class, no change, and nothing but bad helpers.</summary>
[Trait("Category", "Golden")]
public class GoldenStreamTests
{
    private static readonly StreamBench s_bench = new(Streams, Data);

    public static TheoryData<string> Files => SharedData.IsAbsent ? [] : [.. System.IO.Directory.EnumerateFiles(Streams, "*-s*.json.gz", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Streams, path)).Order(StringComparer.Ordinal)];

    private static string Streams => SharedData.IsAbsent ? "" : SharedData.Path("golden", "canoe");

    private static string Data => SharedData.IsAbsent ? "" : SharedData.Path("data");

    [Theory]
    [InlineData("digits", "W1", "canoe")]
    [InlineData("digits", "W6", "canoe")]
    [InlineData("digits", "W7", "100")]
    [InlineData("beijing-air-bands", "W1", "canoe")]
    public void Figures_are_in_the_references_bands_or_better(string dataset, string workload, string method)
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
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
        var path = Path.Combine(Streams, "digits", "W3-s0.json.gz");
        var workload = StreamFiles.Workload(path);
        var files = StreamFiles.Base(Path.Combine(Streams, "digits", workload.Base));
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
