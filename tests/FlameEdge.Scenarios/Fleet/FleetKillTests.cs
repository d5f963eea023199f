using FlameEdge.Scenarios.Kill;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>The short form of <c>tests/fleet-kills.sh</c>.</summary>
[Trait("kill", "fleet")]
public class FleetKillTests
{
    [Fact]
    public Task Agents_and_the_broker_killed_at_random_change_no_bit() => FleetKill.RunAsync(rounds: 12, async (fleet, job) =>
    {
        var random = new Random(11);
        await FleetKill.AgentsAsync(fleet, job, random, kills: 1);
        await FleetKill.ControllerAsync(fleet, job, random, kills: 1);
        await FleetKill.BrokerAsync(fleet, job, random, kills: 1);
    });

    [Fact]
    public Task An_aggregator_whose_device_is_gone_for_good_runs_elsewhere_within_the_lease_and_ten_seconds() => FleetKill.RunAsync(rounds: 12, async (fleet, job) =>
        Assert.InRange(await FleetKill.MoveAsync(fleet, job, new Random(5)), FleetKill.Lease, FleetKill.Lease + TimeSpan.FromSeconds(10)));

    [Fact]
    public Task A_second_controller_takes_over_and_the_first_one_stops() => FleetKill.RunAsync(rounds: 12, async (fleet, job) =>
    {
        fleet.StartController("controller-b");

        Assert.Equal(ExitCode.Superseded, await fleet.ExitAsync("controller"));
        Assert.True(fleet.IsRunning("controller-b"));
        await fleet.KillAsync("controller-b");
        fleet.StartController();
    });
}
