using System.Diagnostics;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>The long form, started by <c>tests/kill-cycles.sh</c>: the whole matrix of labelled points, then kills at random, a broker among them, until enough.</summary>
[Trait("kill", "cycles")]
public class KillCycles
{
    private const int KillsPerRun = 8;
    private readonly KillTable table = new();

    [Fact(Explicit = true)]
    public async Task Every_cycle_resumes_to_the_undisturbed_bits()
    {
        var cycles = Setting("FLAMEEDGE_KILL_CYCLES", 200);
        var stopAfter = TimeSpan.FromMinutes(Setting("FLAMEEDGE_KILL_MINUTES", 24 * 60));
        var start = Stopwatch.GetTimestamp();
        var firstSeed = Setting("FLAMEEDGE_KILL_SEED", 1);
        foreach (var points in Setting("FLAMEEDGE_KILL_MATRIX", 1) == 0 ? [] : Matrix())
        {
            if (Stopwatch.GetElapsedTime(start) < stopAfter)
            {
                await LabelledAsync(points);
            }
        }

        for (var (seed, before) = (firstSeed, table.Cycles); table.Cycles - before < cycles && Stopwatch.GetElapsedTime(start) < stopAfter; seed++)
        {
            await (seed % 4 == 3 ? BrokerAsync(seed) : AtRandomAsync(seed));
        }

        var report = $"{table}\n\n{Stopwatch.GetElapsedTime(start).TotalMinutes:0} minutes on {Environment.ProcessorCount} cores, first seed {firstSeed}.";
        Say(report);
        if (Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllTextAsync(path, report + "\n");
        }

        Assert.Equal(0, table.Failures);
    }

    // One point of each role per run: all of them in as few runs as the role with the most points needs.
    private static IEnumerable<List<(string Worker, string Label)>> Matrix()
    {
        var roles = KillPoints.All.GroupBy(point => point.Worker).Select(points => points.ToList()).ToList();
        return Enumerable.Range(0, roles.Max(points => points.Count)).Select(at => roles.Where(points => at < points.Count).Select(points => points[at]).ToList());
    }

    private Task LabelledAsync(List<(string Worker, string Label)> points) =>
        RunAsync(KillJob.Tree(), string.Join(", ", points.Select(point => $"{Role(point.Worker)} at {point.Label}")), async (fleet, _) =>
        {
            await KillCycle.AtPointsAsync(fleet, [.. points.Select(point => (point.Worker, KillPoints.LivesOf(point.Label)))]);
            return [.. points.SelectMany(point => KillPoints.LivesOf(point.Label).Select(_ => (Role(point.Worker), point.Label)))];
        });

    private Task AtRandomAsync(int seed) => RunAsync(KillJob.Tree(), $"random {seed}", async (fleet, _) =>
        [.. (await KillCycle.AtRandomAsync(fleet, new Random(seed), KillsPerRun)).Select(worker => (Role(worker), "random"))]);

    private Task BrokerAsync(int seed) => RunAsync(KillJob.Large(), $"broker {seed}", async (fleet, broker) =>
    {
        var done = await KillCycle.BrokerAsync(fleet, broker, new Random(seed), kills: 4, at => at % 2 == 0);
        return [.. Enumerable.Range(0, done).Select(at => ("broker", at % 2 == 0 ? "random, came back empty" : "random, came back with its data"))];
    });

    private async Task RunAsync(KillJob job, string name, Func<FleetOfProcesses, Mosquitto, Task<List<(string Role, string Point)>>> kill)
    {
        var start = Stopwatch.GetTimestamp();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync(isPersistent: true);
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        List<(string Role, string Point)> kills = [];
        Exception? failure = null;
        try
        {
            kills = await kill(fleet, broker);
            Undisturbed.RequireSame(expected, fleet);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            failure = error;
            Say($"{name}: {error.Message}\n{fleet.History}");
        }

        table.Add(name, kills, failure is null);
        Say($"{name}: {kills.Count} kills, {(failure is null ? "bit-identical" : "FAILED")}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s; so far {table.Cycles} cycles, {table.Failures} failures");
    }

    private static string Role(string worker) => worker[..worker.IndexOf('_', StringComparison.Ordinal)];

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    private static void Say(string line) => Console.WriteLine(line);
}
