using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Channels keep the contract over a real mosquitto.</summary>
[Collection(nameof(BrokerContract))]
public sealed class MosquittoChannelTests : BrokerContract
{
    private protected override async Task<ITestBroker> StartBrokerAsync() => new MosquittoTestBroker(await Mosquitto.StartAsync(isPersistent: true));
}
