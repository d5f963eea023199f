using FlameEdge.Control.Jobs;
using FlameEdge.Scenarios.Kill;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Fleet;

/// <summary>The same fleet at brokers that know MQTT 3.1.1 only, and each with a quirk of its own.</summary>
public class OtherBrokerTests
{
    private static readonly string[] Agents = ["gw-0", "gw-1", "gw-2"];

    [Fact]
    public async Task NATS_carries_a_fleet()
    {
        await using var broker = await NatsServer.StartAsync();
        await RunAsync(broker, "nats");
    }

    [Fact]
    public async Task RabbitMQ_carries_a_fleet()
    {
        await using var broker = await RabbitMq.StartAsync();
        await RunAsync(broker, "rabbitmq");
    }

    /// <summary>A job for a controller that comes after its agents: it must learn of them all the same.</summary>
    private static async Task RunAsync(BrokerProcess broker, string kind)
    {
        var job = KillJob.OnFleet(Agents.Length, rounds: 3, FleetKill.Lease, $"fleet-{kind}");
        var expected = await Undisturbed.Of(job);
        await using var fleet = await FleetBench.StartAsync(broker, profile: Path.Combine(SharedData.RepositoryRoot, "brokers", kind, "profile.json"));
        fleet.Patience = TimeSpan.FromSeconds(30);
        foreach (var agent in Agents)
        {
            fleet.StartAgent(agent);
        }

        await fleet.ReadyAsync(Agents);
        fleet.StartController();
        await fleet.SubmitAsync(job.Text);
        await fleet.UntilAsync(job.Name, JobPhase.Completed);

        Undisturbed.RequireSame(expected, fleet.ResultOf(job.Name), fleet.History);
        Assert.Empty(fleet.Twice);
    }
}
