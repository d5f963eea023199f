using System.Net;
using System.Net.Sockets;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Tests;

/// <summary>What is said when a broker cannot be started or reached.</summary>
public sealed class BrokerStartTests
{
    [Fact]
    public async Task A_taken_port_is_told_apart()
    {
        await using var first = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());

        var failure = await Assert.ThrowsAsync<ChannelException>(() => EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions { Port = first.Port }));

        Assert.Equal(ChannelFault.PortInUse, failure.Fault);
        Assert.Contains($"{first.Port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreachable_broker_is_one_clear_line_within_the_bound()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var options = new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{port}"), StartTimeout = TimeSpan.FromSeconds(1) };

        var failure = await Assert.ThrowsAsync<ChannelException>(() => MqttSession.ConnectAsync(options, new AgentId("alone")).WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.Equal(ChannelFault.BrokerUnreachable, failure.Fault);
        Assert.StartsWith($"cannot reach the broker at 127.0.0.1:{port} within 1 s (Connection refused)", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public async Task A_silent_broker_is_given_up_within_the_bound()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = new MqttOptions
        {
            Broker = new Uri($"mqtt://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"),
            StartTimeout = TimeSpan.FromSeconds(1),
            ConnectTimeout = TimeSpan.FromMilliseconds(300),
        };

        var failure = await Assert.ThrowsAsync<ChannelException>(() => MqttSession.ConnectAsync(options, new AgentId("alone")).WaitAsync(TimeSpan.FromSeconds(10)));

        Assert.Equal(ChannelFault.BrokerUnreachable, failure.Fault);
        Assert.True(failure.Message.Contains("no answer", StringComparison.Ordinal), failure.ToString());
    }

    [Fact]
    public async Task A_guest_without_a_name_may_watch()
    {
        // What `mosquitto_sub -V 5` sends: no client id at all.
        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());
        using var guest = new MqttClientFactory().CreateMqttClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", broker.Port).WithClientId("").WithProtocolVersion(MqttProtocolVersion.V500).Build();

        var answer = await guest.ConnectAsync(options, TestContext.Current.CancellationToken);

        Assert.Equal(MqttClientConnectResultCode.Success, answer.ResultCode);
        Assert.StartsWith("guest-", answer.AssignedClientIdentifier, StringComparison.Ordinal);
    }
}
