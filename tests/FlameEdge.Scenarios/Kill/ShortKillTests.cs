using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>The kill tests that run every time: one job in which each role dies once at a point, then two at once; one whose broker dies and comes back empty.</summary>
[Trait("kill", "short")]
public class ShortKillTests
{
    [Fact]
    public async Task Each_role_killed_at_a_point_and_two_at_once_resume_to_the_undisturbed_bits()
    {
        var job = KillJob.Tree(rounds: 5);
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        (string Worker, string Point)[] kills = [("trainer_1", "update-kept:2"), ("middle_0", "update-stored:3"), (KillJob.Aggregator, "round-committed:3")];
        foreach (var worker in job.Workers)
        {
            fleet.Start(worker, kills.FirstOrDefault(kill => kill.Worker == worker).Point);
        }

        foreach (var (worker, _) in kills)
        {
            await fleet.CrashedAsync(worker);
            fleet.Start(worker);
        }

        await fleet.RoundAsync(3);
        foreach (var victim in new[] { KillJob.Aggregator, "trainer_2" })
        {
            await fleet.KillAsync(victim);
        }

        fleet.Start("trainer_2");
        fleet.Start(KillJob.Aggregator);
        await fleet.EndAsync();

        Undisturbed.RequireSame(expected, fleet);
    }

    [Fact]
    public async Task What_a_sparse_update_left_out_outlives_its_trainer_and_its_aggregator()
    {
        var job = KillJob.Sparse();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);

        // Between the error and the update it belongs to, with the update kept and not sent, and with an update stored and not yet answered.
        await KillCycle.AtPointsAsync(fleet, [(KillJob.Trainer(0), ["error-kept:2"]), (KillJob.Trainer(1), ["update-kept:2"]), (KillJob.Aggregator, ["update-stored:5"])]);

        Undisturbed.RequireSame(expected, fleet);
    }

    [Fact]
    public async Task A_broker_killed_twice_that_comes_back_empty_changes_no_bit()
    {
        var job = KillJob.Large(rounds: 3);
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        await KillCycle.BrokerAsync(fleet, broker, new Random(1), kills: 2, _ => true);

        Undisturbed.RequireSame(expected, fleet);
    }
}
