using System.Diagnostics;
using System.Globalization;
using FlameEdge.Scenarios.Kill;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>The long form, started by <c>tests/fleet-kills.sh</c>: every part of a fleet dies at random moments, at least so many times each.</summary>
[Trait("kill", "fleet-cycles")]
public class FleetKillCycles
{
    private const int KillsPerRun = 4;
    private const int Rounds = 30;
    private readonly KillTable table = new();
    private readonly List<TimeSpan> moves = [];

    [Fact(Explicit = true)]
    public async Task Every_job_ends_with_the_undisturbed_bits_whoever_dies()
    {
        var wanted = Setting("FLAMEEDGE_KILL_CYCLES", 10);
        var seed = Setting("FLAMEEDGE_KILL_SEED", 1);
        var start = Stopwatch.GetTimestamp();
        await AtLeastAsync(wanted, "agent", () => RunAsync("agent", seed++, FleetKill.AgentsAsync));
        await AtLeastAsync(wanted, "controller", () => RunAsync("controller", seed++, FleetKill.ControllerAsync));
        await AtLeastAsync(wanted, "broker, every other time empty", () => RunAsync("broker, every other time empty", seed++, FleetKill.BrokerAsync));
        await AtLeastAsync(wanted, "agent and broker, every other time empty", () => RunAsync("agent and broker, every other time empty", seed++, FleetKill.AgentAndBrokerAsync));
        await AtLeastAsync(wanted, "aggregator's agent, its folder deleted", () => RunAsync("aggregator's agent, its folder deleted", seed++, async (fleet, job, random, _) =>
        {
            moves.Add(await FleetKill.MoveAsync(fleet, job, random));
            return 1;
        }));

        // A job that kept to the lease and lost more than ten seconds over it is a failure too.
        var slowest = moves.Count == 0 ? TimeSpan.Zero : moves.Max();
        var report = string.Create(CultureInfo.InvariantCulture, $"{table}\n\nAn aggregator whose agent was gone ran elsewhere after {Seconds(moves.DefaultIfEmpty().Min())} to {Seconds(slowest)} s (lease {Seconds(FleetKill.Lease)} s; at most the lease and 10 s are allowed). ")
            + string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalMinutes:0} minutes on {Environment.ProcessorCount} cores.");
        Console.WriteLine(report);
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllTextAsync(path, report + "\n");
        }

        Assert.Equal(0, table.Failures);
        Assert.True(slowest <= FleetKill.Lease + TimeSpan.FromSeconds(10), report);
    }

    private static async Task AtLeastAsync(int wanted, string what, Func<Task<int>> run)
    {
        // A run may end before all its kills were made; ten that make none would never end.
        for (var (done, runs) = (0, 0); done < wanted; runs++)
        {
            Assert.True(runs < wanted + 10, $"{runs} runs made {done} kills of: {what}");
            done += await run();
        }
    }

    private async Task<int> RunAsync(string what, int seed, Func<FleetBench, string, Random, int, Task<int>> kill)
    {
        var start = Stopwatch.GetTimestamp();
        var done = 0;
        Exception? failure = null;
        try
        {
            await FleetKill.RunAsync(Rounds, async (fleet, job) => done = await kill(fleet, job, new Random(seed), KillsPerRun));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            failure = error;
            Console.WriteLine($"{what}, seed {seed}: {error.Message}");
        }

        // A run that failed before its first kill has failed all the same.
        table.Add($"{what}, seed {seed}", [.. Enumerable.Repeat((what, "random"), Math.Max(done, failure is null ? 0 : 1))], failure is null);
        Console.WriteLine($"{what}, seed {seed}: {done} kills, {(failure is null ? "bit-identical, nothing ran twice at once" : "FAILED")}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s; so far {table.Cycles} kills, {table.Failures} failures");
        return Math.Max(done, failure is null ? 0 : 1);
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}
