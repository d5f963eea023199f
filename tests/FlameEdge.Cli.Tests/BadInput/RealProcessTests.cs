namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>The same through the operating system: what a script or a service manager sees.</summary>
public class RealProcessTests
{
    [Fact]
    public async Task Refusals_reach_the_shell()
    {
        using var bench = new Bench();
        await using var job = RealProcess.Start("run", bench["none.yaml"]);
        bench.UseSource("format: csv, path: none.csv, label: y");
        await using var data = RealProcess.Start("run", bench["job.yaml"], "--out", bench.Out, "--format", "json");

        (await Outcome.OfAsync(job)).IsRefusal(ExitCode.BadJob, "none.yaml", "give a job file");
        (await Outcome.OfAsync(data)).IsRefusal(ExitCode.BadData, "none.csv", "check the path in the job");
    }

    [Fact]
    public async Task A_second_process_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        using var bench = new Bench();
        await using var first = RealProcess.Start("run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", "rounds.count=3000");
        await first.SaidAsync("round 1/");

        await using var second = RealProcess.Start("run", bench["job.yaml"], "--out", bench.Out, "--format", "json");

        (await Outcome.OfAsync(second)).IsRefusal(ExitCode.BadState, bench.Out, "Stop the other process");
        await first.SaidAsync("round 3/");
    }

    [Theory]
    [InlineData("INT", "memory")]
    [InlineData("TERM", "memory")]
    [InlineData("INT", "mqtt")]
    public async Task An_interrupted_run_says_so_and_can_be_resumed(string signal, string backend)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent with kill");
        using var bench = new Bench();
        string[] job = ["run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--set", $"backend={backend}"];
        await using var interrupted = RealProcess.Start([.. job, "--set", "rounds.count=3000"]);
        await interrupted.SaidAsync("round 2/");

        interrupted.Signal(signal);

        (await Outcome.OfAsync(interrupted)).IsRefusal(ExitCode.Interrupted, "interrupted", "what was committed is kept", "--resume");
        Outcome.HasNoResults(bench.Out);
        await using var resumed = RealProcess.Start([.. job, "--resume", "--set", "rounds.count=3"]);
        var outcome = await resumed.EndAsync();
        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        Assert.Contains("resuming after round", outcome.Error, StringComparison.Ordinal);
    }
}
