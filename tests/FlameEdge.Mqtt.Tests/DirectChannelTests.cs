using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Channels keep the contract where packets go straight from agent to agent.</summary>
[Collection(nameof(BrokerContract))]
public sealed class DirectChannelTests : ChannelContract
{
    protected override async ValueTask<IChannelBench> SetUpAsync() => new BrokerBench(await EmbeddedTestBroker.StartAsync(), isDirect: true);
}
