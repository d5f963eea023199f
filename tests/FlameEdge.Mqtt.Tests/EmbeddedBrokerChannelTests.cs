using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Channels keep the contract over the embedded broker.</summary>
[Collection(nameof(BrokerContract))]
public sealed class EmbeddedBrokerChannelTests : BrokerContract
{
    [Fact]
    public async Task Fifty_workers_that_join_at_once_cost_a_linear_number_of_packets()
    {
        var few = await CostOfJoiningAsync(25, "few");
        var many = await CostOfJoiningAsync(50, "many");

        // Twice the workers, twice the packets; more for what everybody is told of the aggregator, and told again on a busy machine. Quadratic would be four times.
        Assert.InRange(many, few, few * 3);
    }

    private protected override Task<ITestBroker> StartBrokerAsync() => EmbeddedTestBroker.StartAsync();

    private async Task<double> CostOfJoiningAsync(int trainers, string job)
    {
        var before = Carried();
        var fleet = new Fleet(trainers, job, index => $"{job}-{index}");
        await SitAsync(fleet, trainers);
        return Carried() - before;
    }

    private long Carried() => ((EmbeddedTestBroker)World.Broker).Traffic is var traffic ? traffic.Published + traffic.Delivered : 0;
}
