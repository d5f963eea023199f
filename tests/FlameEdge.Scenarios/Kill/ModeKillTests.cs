using System.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>Every way of learning survives the death of any of its workers.</summary>
public class ModeKillTests
{
    private const int KillsPerMode = 12;

    /// <summary>The short form: a trainer and the aggregator once each, where it hurts most.</summary>
    [Fact]
    [Trait("kill", "short")]
    public async Task A_trainer_and_the_aggregator_killed_once_each_change_nothing_that_may_not_change()
    {
        var mode = ModeKill.Of("secure aggregation");
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(mode.Job, broker.Port);

        await KillCycle.AtPointsAsync(fleet, [("trainer_1", ["secure-masked:2"]), (KillJob.Aggregator, ["secure-partners:2"])]);

        await mode.RequireAsync(fleet);
    }

    /// <summary>The short form of groups: a leader dies when its update is up and nobody has been told, a member amid a sum, and the aggregator.</summary>
    [Fact]
    [Trait("kill", "short")]
    public async Task A_leader_a_member_and_the_aggregator_killed_change_no_bit_of_what_groups_come_to()
    {
        var mode = ModeKill.Of("hybrid") with { Job = KillJob.Hybrid("kill-hybrid", rounds: 4) };
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(mode.Job, broker.Port);

        await KillCycle.AtPointsAsync(fleet, [("trainer_0", ["group-sent:2"]), ("trainer_3", ["ring-part-sent:2"]), (KillJob.Aggregator, ["update-stored:3"])]);

        await mode.RequireAsync(fleet);
    }

    /// <summary>Who decides and who stands between: each dies once, and every round still counts each trainer at most once.</summary>
    [Fact]
    [Trait("kill", "short")]
    public async Task A_coordinator_and_an_aggregator_in_the_middle_killed_once_each_hold_nobody_up()
    {
        var mode = ModeKill.Of("coordinated");
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(mode.Job, broker.Port);

        await KillCycle.AtPointsAsync(fleet, [("coordinator_0", ["plan-kept:2"]), ("middle_1", ["middle-kept:1"])]);

        await mode.RequireAsync(fleet);
        Assert.All(fleet.Result.Rounds, round => Assert.Equal(4, round.Verdicts.Count(verdict => verdict.Worker.StartsWith("trainer_", StringComparison.Ordinal))));
    }

    /// <summary>One of two replicas dies for good while it holds an update of the round: the job goes on with the other, and no trainer is lost to it.</summary>
    [Fact]
    [Trait("kill", "short")]
    public async Task The_trainers_of_a_replica_that_dies_for_good_go_on_with_the_other_in_the_running_job()
    {
        var mode = ModeKill.Of("replicated") with { Job = KillJob.Replicated("kill-replicated", rounds: 4) };
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(mode.Job, broker.Port);
        foreach (var worker in fleet.Job.Workers)
        {
            fleet.Start(worker, worker == "middle_1" ? "update-stored:2" : null);
        }

        await fleet.CrashedAsync("middle_1");
        await fleet.EndAsync(except: "middle_1");

        await mode.RequireAsync(fleet);
        Assert.All(fleet.Result.Rounds, round =>
        {
            Assert.Equal(RoundOutcome.Completed, round.Outcome);
            Assert.Equal(round.Samples, round.Verdicts.Where(verdict => verdict is { Verdict: Verdict.Counted, Via: not null }).Sum(verdict => verdict.Samples));
            Assert.Equal(4, round.Verdicts.Count(verdict => verdict.Worker.StartsWith("trainer_", StringComparison.Ordinal)));
        });
        Assert.Equal(["middle_0", "middle_0", "middle_0", "middle_0"], fleet.Result.Rounds[^1].Verdicts.Where(verdict => verdict is { Verdict: Verdict.Counted, Via: not null }).Select(verdict => verdict.Via));
    }

    /// <summary>The long form, started by <c>tests/mode-kills.sh</c>: every mode's points, then kills at random until there are enough.</summary>
    [Fact(Explicit = true)]
    [Trait("kill", "modes")]
    public async Task Every_mode_survives_kills_at_its_points_and_at_random()
    {
        var only = Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_MODE");
        var tables = new List<string>();
        var failures = 0;
        foreach (var mode in ModeKill.All.Where(mode => string.IsNullOrEmpty(only) || mode.Name.Contains(only, StringComparison.Ordinal)).Select(mode => mode.Longer))
        {
            var table = new KillTable(mode.IsExact ? "bit-identical" : "complete and sound");
            foreach (var (victim, lives) in mode.Points)
            {
                await RunAsync(mode, table, $"{mode.Name}, {victim}", async fleet =>
                {
                    await KillCycle.AtPointsAsync(fleet, [(victim, lives)]);
                    return [.. lives.Select(life => (Role(victim), life[..life.IndexOf(':', StringComparison.Ordinal)]))];
                });
            }

            for (var seed = 1; table.Cycles < KillsPerMode && seed < 10; seed++)
            {
                await RunAsync(mode, table, $"{mode.Name}, random {seed}", async fleet => [.. (await KillCycle.AtRandomAsync(fleet, new Random(seed), kills: 4)).Select(worker => (Role(worker), "random"))]);
            }

            tables.Add($"## {mode.Name}\n\n{table}\n");
            failures += table.Failures;
        }

        if (Environment.GetEnvironmentVariable("FLAMEEDGE_KILL_REPORT") is { Length: > 0 } path)
        {
            await File.WriteAllTextAsync(path, string.Join('\n', tables));
        }

        Assert.Equal(0, failures);
    }

    private static async Task RunAsync(ModeKill mode, KillTable table, string name, Func<FleetOfProcesses, Task<List<(string Role, string Point)>>> kill)
    {
        var start = Stopwatch.GetTimestamp();
        await using var broker = await Mosquitto.StartAsync(isPersistent: true);
        await using var fleet = new FleetOfProcesses(mode.Job, broker.Port);
        List<(string Role, string Point)> kills = [];
        Exception? failure = null;
        try
        {
            kills = await kill(fleet);
            await mode.RequireAsync(fleet);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            failure = error;
            Console.WriteLine($"{name}: {error.Message}\n{fleet.History}");
        }

        table.Add(name, kills, failure is null);
        Console.WriteLine($"{name}: {kills.Count} kills, {(failure is null ? "as it must be" : "FAILED")}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
    }

    private static string Role(string worker) => worker[..worker.IndexOf('_', StringComparison.Ordinal)];
}
