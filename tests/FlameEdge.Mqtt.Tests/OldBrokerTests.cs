using FlameEdge.Channels;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>The channel contract over MQTT 3.1.1: the same meaning with less help from the broker.</summary>
[Collection(nameof(BrokerContract))]
public sealed class MosquittoOldVersionTests : ChannelContract
{
    protected override async ValueTask<IChannelBench> SetUpAsync() =>
        new BrokerBench(new MosquittoTestBroker(await Mosquitto.StartAsync())) { Configure = static options => options.Protocol = "3.1.1" };
}

/// <summary>The channel contract over NATS, which takes MQTT 3.1.1 only and few subscriptions.</summary>
[Collection(nameof(BrokerContract))]
public sealed class NatsChannelTests : ChannelContract
{
    protected override async ValueTask<IChannelBench> SetUpAsync() =>
        new BrokerBench(new ProcessTestBroker(await NatsServer.StartAsync())) { Configure = static options => options.BrokerProfile = BrokerFolders.ProfileOf("nats") };
}

/// <summary>The channel contract over RabbitMQ, which brings no retained messages for filters with wildcards.</summary>
[Collection(nameof(SharedRabbitMq))]
public sealed class RabbitMqChannelTests(SharedRabbitMq rabbit) : ChannelContract
{
    protected override ValueTask<IChannelBench> SetUpAsync()
    {
        // A prefix of its own keeps a test from the retained messages of another.
        var prefix = $"t{Guid.NewGuid():n}"[..30];
        return ValueTask.FromResult<IChannelBench>(new BrokerBench(new BorrowedBroker(rabbit.Node!.Port)) // Started by the fixture.
        {
            Configure = options => (options.BrokerProfile, options.Prefix) = (BrokerFolders.ProfileOf("rabbitmq"), prefix),
        });
    }

    private sealed class BorrowedBroker(int port) : ITestBroker
    {
        public int Port => port;

        public Task RestartAsync(bool keepsData) => throw new NotSupportedException("others use it too");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
