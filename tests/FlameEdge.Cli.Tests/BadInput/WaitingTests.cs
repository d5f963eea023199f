using System.Text.Json;
using FlameEdge.Rounds;

namespace FlameEdge.Cli.Tests.BadInput;

/// <summary>Peers that do not come, or not in time.</summary>
public class WaitingTests
{
    [Fact]
    public async Task Workers_that_never_come_are_named()
    {
        using var bench = new Bench();

        (await RunAsync(bench, "--worker", "aggregator_0", "--worker", "trainer_1", "--set", "rounds.patience=500ms"))
            .IsRefusal(ExitCode.TimedOut, "aggregator_0 met 1 of 2 workers", "missing: trainer_0", "Start them, raise rounds.patience or lower rounds.quorum");
        Outcome.HasNoResults(bench.Out);
    }

    [Fact]
    public async Task An_aggregator_that_never_comes_is_named()
    {
        using var bench = new Bench();

        (await RunAsync(bench, "--worker", "trainer_0", "--set", "rounds.patience=500ms"))
            .IsRefusal(ExitCode.TimedOut, "trainer_0 found no aggregator", "Start it, or raise rounds.patience");
        Outcome.HasNoResults(bench.Out);
    }

    [Fact]
    public async Task A_quorum_that_is_never_met_fails_the_job_and_a_resume_tries_again()
    {
        using var bench = new Bench();

        var failed = await RunAsync(bench, "--set", "rounds.deadline=1ms", "--set", "rounds.maxFailures=2", "--set", "rounds.count=8", "--set", "training.epochs=200");

        Assert.True(failed.Code == ExitCode.JobFailed, failed.Error);
        Assert.Contains("2 rounds in a row ended without a quorum of 2 of 2", failed.LastLine, StringComparison.Ordinal);
        Assert.Contains("lower rounds.quorum, raise rounds.deadline", failed.LastLine, StringComparison.Ordinal);
        failed.ShowsNoInsides();
        Outcome.HasNothingHalfWritten(bench.Out);
        var result = JobResult.Read(Path.Combine(bench.Out, "result.json"));
        Assert.Equal(("failed", 2), (result.State, result.Rounds.Count));

        var resumed = await RunAsync(bench, "--resume", "--set", "rounds.maxFailures=2", "--set", "rounds.count=8", "--set", "training.epochs=200");
        Assert.True(resumed.Code == ExitCode.Ok, resumed.Error);
        Assert.Equal(8, JsonSerializer.Deserialize(resumed.Output, RoundsJson.Default.JobResult)!.Rounds.Count);
    }

    private static Task<Outcome> RunAsync(Bench bench, params string[] more) => Outcome.OfAsync(["run", bench["job.yaml"], "--out", bench.Out, "--format", "json", .. more]);
}
