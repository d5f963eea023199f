using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>The broker dies while updates of several chunks are under way and comes back, with what it had saved or with nothing.</summary>
[Trait("kill", "broker")]
public class BrokerKillTests
{
    [Theory(Explicit = true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task A_broker_killed_mid_upload_changes_no_bit_and_nothing_is_counted_twice(int seed, bool isEmpty)
    {
        var job = KillJob.Large();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync(isPersistent: true);
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        await KillCycle.BrokerAsync(fleet, broker, new Random(seed), kills: 3, _ => isEmpty);

        Undisturbed.RequireSame(expected, fleet);
    }
}
