using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests.BadInput;

public class BadStateTests
{
    [Fact]
    public async Task A_file_for_a_folder_is_named()
    {
        using var bench = new Bench();
        bench.Write("out", "not a folder");

        (await RunAsync(bench)).IsRefusal(ExitCode.BadState, bench.Out, "cannot be made", "choose another folder with --out");
        Assert.Equal("not a folder", File.ReadAllText(bench.Out));
    }

    [Fact]
    public async Task A_folder_in_use_by_another_run_is_named()
    {
        using var bench = new Bench();
        Directory.CreateDirectory(Path.Combine(bench.Out, "state"));
        await using var other = new FileStream(Path.Combine(bench.Out, "state", "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        (await RunAsync(bench)).IsRefusal(ExitCode.BadState, bench.Out, "cannot be locked", "Stop the other process that uses it");
        Outcome.HasNoResults(bench.Out);
    }

    [Fact]
    public async Task An_unfinished_run_is_not_thrown_away()
    {
        using var bench = new Bench();
        Assert.Equal(ExitCode.TimedOut, (await RunAsync(bench, "--worker", "aggregator_0", "--set", "rounds.patience=200ms")).Code);
        var again = await RunAsync(bench, "--worker", "aggregator_0", "--set", "rounds.patience=200ms");
        await StopAfterFirstRoundAsync(bench);

        (await RunAsync(bench)).IsRefusal(ExitCode.BadJob, bench.Out, "a run that is not finished", "--resume", "--out");
        Assert.Equal(ExitCode.TimedOut, again.Code); // Nothing learned yet was nothing to lose.
    }

    [Fact]
    public async Task A_resume_with_another_job_is_refused_and_one_with_the_same_goes_on()
    {
        using var bench = new Bench();
        await StopAfterFirstRoundAsync(bench);

        (await RunAsync(bench, "--resume", "--set", "seed=2")).IsRefusal(ExitCode.BadJob, bench.Out, "belongs to another job", "choose another folder with --out");
        (await RunAsync(bench, "--resume", "--set", "training.learningRate=0.2")).IsRefusal(ExitCode.BadJob, bench.Out, "belongs to another job");

        var resumed = await RunAsync(bench, "--resume");
        Assert.True(resumed.Code == ExitCode.Ok, resumed.Error);
    }

    [Fact]
    public async Task A_read_only_filesystem_is_named()
    {
        using var disk = SmallDisk.Mount(kilobytes: 1024);
        using var bench = new Bench();
        disk.MakeReadOnly();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", disk["out"], "--format", "json");

        outcome.IsRefusal(ExitCode.BadState, disk["out"], "cannot be made", "choose another folder with --out");
    }

    [Fact]
    public async Task A_full_filesystem_is_named_at_the_start()
    {
        using var disk = SmallDisk.Mount(kilobytes: 1024);
        using var bench = new Bench();
        disk.Fill();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", disk["out"], "--format", "json");

        outcome.IsRefusal(ExitCode.BadState, disk["out"], "--out");
        Outcome.HasNoResults(disk["out"]);
    }

    [Theory]
    [InlineData("memory", 4000, 1536)] // Small updates: the documents and blobs of some round find no room.
    [InlineData("mqtt", 40000, 22528)] // Updates of 4 MB, put together in files of the same disk: the model and the trainers' own copies fit, the aggregator's do not.
    public async Task A_disk_that_fills_up_in_the_middle_stops_the_run_which_goes_on_when_there_is_room(string backend, int width, int kilobytes)
    {
        using var disk = SmallDisk.Mount(kilobytes);
        using var bench = new Bench();
        string[] job = ["run", bench["job.yaml"], "--out", disk["out"], "--format", "json", "--set", "model.kind=mlp", "--set", $"model.hidden=[{width}]", "--set", "rounds.count=6", "--set", $"backend={backend}"];

        var stopped = await Outcome.OfAsync(job);

        stopped.IsRefusal(ExitCode.BadState, "cannot be written", "Free space", "--resume");
        Outcome.HasNoResults(disk["out"]);

        disk.Grow(kilobytes: 131072);
        var resumed = await Outcome.OfAsync([.. job, "--resume"]);
        Assert.True(resumed.Code == ExitCode.Ok, resumed.Error);
        Assert.True(File.Exists(Path.Combine(disk["out"], "result.json")));
        Outcome.HasNothingHalfWritten(disk["out"]);
    }

    private static Task<Outcome> RunAsync(Bench bench, params string[] more) => Outcome.OfAsync(["run", bench["job.yaml"], "--out", bench.Out, "--format", "json", .. more]);

    // Two hundred rounds, stopped when the first is told.
    private static async Task StopAfterFirstRoundAsync(Bench bench)
    {
        using var stopping = new CancellationTokenSource();
        using var error = new StoppingWriter("round 1/", stopping);
        var code = await FlameEdgeHost.RunAsync(["run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", "rounds.count=200"], null, null, TextWriter.Null, error, stopping.Token);
        Assert.True(code == ExitCode.Interrupted, error.ToString());
    }

    private sealed class StoppingWriter(string at, CancellationTokenSource stopping) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.StartsWith(at, StringComparison.Ordinal) == true)
            {
                stopping.Cancel();
            }
        }
    }
}
