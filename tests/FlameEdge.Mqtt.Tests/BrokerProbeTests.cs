using FlameEdge.Mqtt.Probing;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>What a probe says of brokers that are known.</summary>
[Collection(nameof(BrokerContract))]
public sealed class BrokerProbeTests
{
    [Fact]
    public async Task Mosquitto_does_everything_and_nothing_of_the_probe_stays()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoSetup { More = ["max_packet_size 300000", "max_inflight_messages 40"] });
        var options = new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{broker.Port}") };

        var found = await BrokerProbe.RunAsync(options, TestContext.Current.CancellationToken);

        Assert.Equal(("5", 300_000, 40), (found.Protocol, found.MaximumPacketBytes, found.Window));
        Assert.True(found is { RetainedByTopic: true, RetainedByWildcard: true, ResumesSessions: true, SpeaksWills: true, SharesSubscriptions: true, ExactRetained: false, FewSubscriptions: false }, found.ToString());
        Assert.True(found is { RoundTripMilliseconds: > 0, MegabytesPerSecond: > 1 }, found.ToString());
        await using var late = await ProbeClient.ConnectAsync(options, "late", MQTTnet.Formatter.MqttProtocolVersion.V500, will: null, isLasting: false, TestContext.Current.CancellationToken);
        await late.SubscribeAsync("flameedge/#", TestContext.Current.CancellationToken);
        await late.PublishAsync("flameedge/end", "the end");
        Assert.True(await late.HasAsync("flameedge/end", 1, Seat.Bound, TestContext.Current.CancellationToken));
        Assert.Equal(1, late.Count);
    }

    [Fact]
    public async Task The_embedded_broker_shares_no_subscriptions()
    {
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());

        var found = await BrokerProbe.RunAsync(new MqttOptions { Broker = broker.Uri }, TestContext.Current.CancellationToken);

        Assert.True(found is { Protocol: "5", RetainedByWildcard: true, ResumesSessions: true, SpeaksWills: true, SharesSubscriptions: false }, found.ToString());
    }

    [Theory]
    [InlineData("mosquitto", "5", false)]
    [InlineData("embedded", "5", false)]
    [InlineData("nats", "3.1.1", false)]
    [InlineData("rabbitmq", "3.1.1", true)]
    public void A_shipped_profile_is_read_by_sessions(string folder, string protocol, bool exactRetained)
    {
        var profile = BrokerProfile.Read(BrokerFolders.ProfileOf(folder));

        Assert.Equal((protocol, exactRetained), (profile.Protocol, profile.ExactRetained));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"protocol\":\"7\"}")]
    [InlineData("{\"window\":0}")]
    [InlineData("{\"maximumPacketBytes\":12}")]
    public void What_is_no_profile_is_refused_with_what_to_do(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["profile.json"], text);

        var failure = Assert.Throws<FlameEdge.Diagnostics.StateException>(() => BrokerProfile.Read(folder["profile.json"]));

        Assert.Contains("flame-edge broker probe", failure.Message, StringComparison.Ordinal);
    }
}
