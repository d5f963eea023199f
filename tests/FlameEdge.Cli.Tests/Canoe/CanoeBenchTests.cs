using System.Text.Json;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.Canoe;

/// <summary><c>canoe bench</c>, <c>canoe streams</c> and <c>canoe story</c> on generated sensors: no data is needed.</summary>
public sealed class CanoeBenchTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_bench_writes_a_report_with_pictures_and_says_the_same_in_json()
    {
        var outcome = await BenchAsync("W3", "--seeds", "2", "--methods", "canoe", "full_replace");

        using var json = JsonDocument.Parse(outcome.Output);
        var canoe = json.RootElement.GetProperty("figures")[0];
        Assert.Equal(("sensors", "W3", "canoe"), (canoe.GetProperty("dataset").GetString(), canoe.GetProperty("workload").GetString(), canoe.GetProperty("method").GetString()));
        Assert.Equal([0, 1], canoe.GetProperty("seeds").EnumerateArray().Select(seed => seed.GetProperty("seed").GetInt32()));
        Assert.Contains(canoe.GetProperty("seeds")[0].GetProperty("story").EnumerateArray(), line => line.GetProperty("kind").GetString() == "packet");

        var report = await File.ReadAllTextAsync(folder["out", "canoe.md"], TestContext.Current.CancellationToken);
        Assert.Contains($"| canoe | {string.Join(' ', canoe.GetProperty("seeds").EnumerateArray().Select(seed => seed.GetProperty("batches").GetInt32()))} |", report, StringComparison.Ordinal);
        Assert.Contains("W3, worst seed against isolated", report, StringComparison.Ordinal);
        var picture = await File.ReadAllBytesAsync(folder["out", "canoe", "sensors-W3-accuracy.png"], TestContext.Current.CancellationToken);
        Assert.Equal("PNG"u8, picture.AsSpan(1, 3));
        Assert.Contains("sensors W3 canoe: 2 seeds", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stored_streams_give_what_the_fresh_ones_gave()
    {
        var fresh = await BenchAsync("W3", "--seeds", "1", "--first-seed", "7", "--methods", "canoe");
        Assert.Equal(ExitCode.Ok, (await Outcome.OfAsync("canoe", "streams", "W3", "--dataset", "sensors", "--seeds", "1", "--first-seed", "7", "--out", folder["streams"])).Code);
        var stored = await BenchAsync("W3", "--streams", folder["streams"], "--methods", "canoe");

        Assert.Equal(Figures(fresh), Figures(stored));

        static string Figures(Outcome outcome) => JsonDocument.Parse(outcome.Output).RootElement.GetProperty("figures").GetRawText();
    }

    [Theory]
    [InlineData(ExitCode.BadJob, "W9", "", "W9")]
    [InlineData(ExitCode.BadJob, "W1", "--seeds 0", "--seeds must be from 1 to 1000, not 0")]
    [InlineData(ExitCode.BadJob, "W1", "--jobs 9999", "--jobs must be from 1 to")]
    [InlineData(ExitCode.BadJob, "W1", "--dataset digits", "give their folder with --data")]
    [InlineData(ExitCode.BadJob, "W1", "--dataset iris", "there is no dataset 'iris': known are digits")]
    [InlineData(ExitCode.BadJob, "W1", "--methods magic", "magic")]
    [InlineData(ExitCode.BadJob, "W1", "--streams /nowhere/streams", "--streams: there is no folder /nowhere/streams")]
    [InlineData(ExitCode.BadJob, "W1", "--isolated-rate -1", "--isolated-rate must be above 0")]
    [InlineData(ExitCode.BadJob, "W1", "--broker localhost", "write mqtt://host:port")]
    [InlineData(ExitCode.BadData, "W1", "--dataset digits --data .", "digits.csv.gz")]
    public async Task What_cannot_work_is_refused_in_one_line(int code, string workload, string arguments, string named) =>
        (await Outcome.OfAsync(["canoe", "bench", workload, "--out", folder["out"], .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).IsRefusal(code, named);

    [Fact]
    public async Task Who_interrupts_is_obeyed_within_a_batch()
    {
        using var interrupt = new CancellationTokenSource();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var running = FlameEdgeHost.RunAsync(["canoe", "bench", "all", "--dataset", "sensors", "--seeds", "1000", "--out", folder["out"]], null, null, output, TextWriter.Synchronized(error), interrupt.Token);
        await interrupt.CancelAsync();

        Assert.Equal(ExitCode.Interrupted, await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Contains("interrupted", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_story_needs_the_folder_of_a_job() =>
        (await Outcome.OfAsync("canoe", "story", folder.Path)).IsRefusal(ExitCode.BadData, "events.jsonl", "name the --out folder");

    [Fact]
    public async Task A_broken_story_is_refused_with_its_line()
    {
        await File.WriteAllTextAsync(folder["events.jsonl"], """{"event":"score","site":"site_0","batch":0,"accuracy":0.5}""" + "\nhalf a li", TestContext.Current.CancellationToken);

        (await Outcome.OfAsync("canoe", "story", folder.Path)).IsRefusal(ExitCode.BadData, "events.jsonl:2");
    }

    // At a rate by hand: tuning it takes four times five runs.
    private async Task<Outcome> BenchAsync(params string[] arguments)
    {
        var outcome = await Outcome.OfAsync(["canoe", "bench", .. arguments, "--dataset", "sensors", "--isolated-rate", "0.05", "--format", "json", "--out", folder["out"]]);
        Assert.True(outcome.Code == ExitCode.Ok, $"{outcome.Code}: {outcome.Error}");
        return outcome;
    }
}
