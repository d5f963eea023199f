using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>Workers die at random moments, alone, two at once, the aggregator together with a trainer.</summary>
[Trait("kill", "random")]
public class RandomKillTests
{
    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Workers_killed_at_random_resume_to_the_undisturbed_bits(int seed)
    {
        var job = KillJob.Tree();
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        await KillCycle.AtRandomAsync(fleet, new Random(seed), kills: 8);

        Undisturbed.RequireSame(expected, fleet);
    }
}
