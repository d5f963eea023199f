using System.Collections.Concurrent;
using FlameEdge.Rounds;
using FlameEdge.Testing;

namespace FlameEdge.Scenarios.Kill;

/// <summary>What a job gives when nobody dies: one process, embedded broker, run once per job text.</summary>
internal static class Undisturbed
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<JobResult>>> Known = new();

    public static Task<JobResult> Of(KillJob job) => Known.GetOrAdd(job.Text, _ => new(() => RunAsync(job))).Value;

    /// <summary>Runs all workers in one process.</summary>
    /// <param name="job">The job.</param>
    /// <param name="replay">A result whose verdicts are repeated.</param>
    public static async Task<JobResult> RunAsync(KillJob job, string? replay = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["job.json"], job.Text);
        string[] again = replay is null ? [] : ["--replay", replay];
        await using var process = WorkerProcess.Start(["run", folder["job.json"], "--out", folder["out"], .. again]);
        using var bound = new CancellationTokenSource(FleetOfProcesses.Bound);
        var (code, said, error) = await process.EndAsync(bound.Token);
        Assert.True(code == 0, $"the undisturbed run ended with {code}\n{error}{said}");
        return JobResult.Read(folder["out", "result.json"]);
    }

    /// <summary>Demands the same bits in every round, the same verdicts, and that nobody's samples entered a sum twice.</summary>
    public static void RequireSame(JobResult expected, FleetOfProcesses fleet) => RequireSame(expected, fleet.Result, fleet.History);

    /// <summary>The same of any result; the history is for who must find out why.</summary>
    public static void RequireSame(JobResult expected, JobResult actual, string history)
    {
        try
        {
            Assert.Equal("completed", actual.State);
            Assert.Equal(expected.Rounds.Select(Bits), actual.Rounds.Select(Bits));
            Assert.Equal(expected.Model, actual.Model);
            Assert.All(actual.Rounds, RequireHonestVerdicts);
            Assert.All(actual.Rounds, round => Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict)));
        }
        catch (Xunit.Sdk.XunitException error)
        {
            Assert.Fail($"{error.Message}\n{history}");
        }
    }

    /// <summary>One verdict per worker, and the samples of a sum are those of the workers counted in it, once each.</summary>
    public static void RequireHonestVerdicts(RoundResult round)
    {
        Assert.Equal(round.Verdicts.Select(verdict => verdict.Worker).Distinct(), round.Verdicts.Select(verdict => verdict.Worker));
        var counted = round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted).ToList();
        Assert.Equal(round.Outcome == RoundOutcome.Completed ? round.Samples : 0, counted.Where(verdict => verdict.Via is null).Sum(verdict => verdict.Samples));
        Assert.All(counted.Where(verdict => verdict.Via is null), verdict =>
        {
            var below = counted.Where(under => under.Via == verdict.Worker).ToList();
            Assert.True(below.Count == 0 || below.Sum(under => under.Samples) == verdict.Samples, $"{verdict.Worker} brought {verdict.Samples} samples, its workers {below.Sum(under => under.Samples)}");
        });
    }

    // All of a round but its time, its bytes on the wire and where it was measured.
    private static string Bits(RoundResult round) =>
        $"{round.Round} {round.Outcome} {round.Base[..12]} -> {round.Model[..12]} step 2^{round.StepExponent} of {round.WeightLimit}, {round.Samples} samples, accuracy {round.Accuracy}, loss {round.Loss}/{round.TrainingLoss}: "
        + string.Join(", ", round.Verdicts.Select(verdict => $"{verdict.Worker}({verdict.Via}) {verdict.Verdict} {verdict.Samples} {verdict.Loss}"));
}
