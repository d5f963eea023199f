using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Canoe;

[Trait("kill", "short")]
public class CanoeKillTests
{
    [Fact]
    public async Task Target_helper_and_broker_are_killed_and_nothing_acknowledged_is_lost()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(CanoeKill.Job, broker.Port);
        await CanoeKill.PlayAsync(fleet, broker, new("site_1", "packet-cut"), new(CanoeProcesses.Target, "site-kept:2"), new("broker", "verdict"));

        CanoeProcesses.RequireWhole(fleet);
    }
}
