using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Access;
using FlameEdge.Mqtt.Identity;
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

        var found = await BrokerProbe.RunAsync(options, name: null, TestContext.Current.CancellationToken);

        Assert.Equal(("5", 300_000, 40, 2), (found.Protocol, found.MaximumPacketBytes, found.Window, found.GrantedQos));
        Assert.True(found is { RetainedByTopic: true, RetainedByWildcard: true, ResumesSessions: true, SpeaksWills: true, SharesSubscriptions: true, ExactRetained: false, FewSubscriptions: false }, found.ToString());
        Assert.True(found is { RetainedAfterReconnect: true, ExpiresMessages: true, DelaysWills: true }, found.ToString());
        Assert.True(found is { RoundTripMilliseconds: > 0, MegabytesPerSecond: > 1, LargestPacketBytes: 300_000 }, found.ToString());
        await using var late = await LateAsync(options);
        await late.SubscribeAsync("flameedge/#", TestContext.Current.CancellationToken);
        await late.PublishAsync("flameedge/end", "the end");
        Assert.True(await late.HasAsync("flameedge/end", 1, Seat.Bound, TestContext.Current.CancellationToken));
        Assert.Equal(1, late.Count);
    }

    [Fact]
    public async Task A_limit_nobody_announces_is_found_by_halving()
    {
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { MaximumPacketBytes = 3_000_000 });

        var found = await BrokerProbe.RunAsync(new MqttOptions { Broker = broker.Uri }, name: null, TestContext.Current.CancellationToken);

        Assert.InRange(found.MaximumPacketBytes!.Value, 3_000_000 * 15 / 16, 3_000_000 + 256);
        Assert.True(found is { Protocol: "5", RetainedByWildcard: true, RetainedAfterReconnect: true, ResumesSessions: true, SpeaksWills: true, SharesSubscriptions: false }, found.ToString());
    }

    [Fact]
    public async Task Without_a_limit_the_largest_packet_tried_arrives_and_MQTT_3_1_1_says_what_it_can()
    {
        await using var broker = await Mosquitto.StartAsync();

        var found = await BrokerProbe.RunAsync(new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{broker.Port}"), Protocol = "3.1.1" }, name: null, TestContext.Current.CancellationToken);

        Assert.True(found is { Protocol: "3.1.1", MaximumPacketBytes: null, LargestPacketBytes: > 1_000_000, ExpiresMessages: false, DelaysWills: false, ResumesSessions: true }, found.ToString());
    }

    [Fact]
    public async Task An_operator_with_the_generated_rights_may_probe_and_an_agent_is_told_what_it_lacks()
    {
        using var folder = new TemporaryFolder();
        var book = new PasswordBook(folder["passwords"]);
        File.WriteAllText(folder["secret"], "secret");
        book.Set("desk", "secret");
        book.Set("press-1", "secret");
        var rights = AccessRules.For(new AccessRequest { Agents = [new("press-1")], Operators = [new("desk")] });
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { PasswordFile = folder["passwords"], Access = rights });
        var options = new MqttOptions { Broker = broker.Uri, PasswordFile = folder["secret"] };

        var found = await BrokerProbe.RunAsync(options, "desk", TestContext.Current.CancellationToken);
        var failure = await Assert.ThrowsAsync<ChannelException>(() => BrokerProbe.RunAsync(options, "press-1", TestContext.Current.CancellationToken));

        Assert.True(found is { RetainedByWildcard: true, ResumesSessions: true, SpeaksWills: true, FewSubscriptions: false }, found.ToString());
        Assert.Contains("does not let 'press-1' write and read flameedge/fleet/press-1/probe/#: probe as an operator", failure.Message, StringComparison.Ordinal);
    }

    private static Task<ProbeClient> LateAsync(MqttOptions options) =>
        ProbeClient.ConnectAsync(options, "late", "late", MQTTnet.Formatter.MqttProtocolVersion.V500, will: null, isLasting: false, TimeSpan.Zero, TestContext.Current.CancellationToken);

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
    [InlineData("{\"queuedBytes\":0}")]
    [InlineData("{\"maximumPacketBytes\":12}")]
    public void What_is_no_profile_is_refused_with_what_to_do(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["profile.json"], text);

        var failure = Assert.Throws<StateException>(() => BrokerProfile.Read(folder["profile.json"]));

        Assert.Contains("flame-edge broker probe", failure.Message, StringComparison.Ordinal);
    }
}
