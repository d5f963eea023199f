using System.Net;
using System.Net.Sockets;
using System.Text;
using FlameEdge.Channels;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using MQTTnet.Server;

namespace FlameEdge.Mqtt.Tests;

/// <summary>A broker that does not tell a subscriber of what was retained in the instant it subscribed: once, it keeps each such message back.</summary>
public sealed class ForgetfulBrokerTests : IAsyncLifetime
{
    private readonly HashSet<(string Client, string Topic)> keptBack = [];
    private readonly Lock gate = new();
    private MqttServer? server;
    private MqttOptions options = new();

    public async ValueTask InitializeAsync()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            options = new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}") };
        }

        server = new MqttServerFactory().CreateMqttServer(new MqttServerOptionsBuilder().WithDefaultEndpoint().WithDefaultEndpointPort(options.Broker.Port).WithPersistentSessions().Build());
        server.InterceptingClientEnqueueAsync += enqueue =>
        {
            lock (gate)
            {
                var topic = enqueue.ApplicationMessage.Topic;
                enqueue.AcceptEnqueue = !IsLostOnce(topic) || !keptBack.Add((enqueue.ReceiverClientId, topic));
            }

            return Task.CompletedTask;
        };
        await server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await server!.StopAsync(new MqttServerStopOptions());
        server.Dispose();
    }

    [Fact]
    public async Task Workers_that_were_not_told_of_each_other_meet_all_the_same()
    {
        var fleet = new Fleet(1);
        await using var hub = await MqttSession.ConnectAsync(options, fleet.AggregatorAgent);
        await using var device = await MqttSession.ConnectAsync(options, fleet.TrainerAgent(0));

        await using var aggregator = await Seat.TakeAsync(new MqttChannelBackend(hub), fleet.AggregatorEnd());
        await using var trainer = await Seat.TakeAsync(new MqttChannelBackend(device), fleet.TrainerEnd(0));

        await aggregator.MeetsAsync(Fleet.Trainer(0));
        await trainer.MeetsAsync(Fleet.Aggregator);
        Assert.Contains(keptBack, lost => lost.Topic.Contains("/here/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_notice_that_was_not_told_is_asked_for_again()
    {
        await using var writer = await MqttSession.ConnectAsync(options, new AgentId("writer"));
        await using var reader = await MqttSession.ConnectAsync(options, new AgentId("reader"));
        var topic = BulletinTopic.OfFleet(new AgentId("writer"), BulletinKind.Birth);
        await writer.Bulletin.PostAsync(topic, Encoding.UTF8.GetBytes("""{"agent":"writer"}"""), CancellationToken.None);

        var found = await reader.Bulletin.ReadAsync(topic, Seat.Bound, CancellationToken.None);

        Assert.NotNull(found);
        Assert.Contains(keptBack, lost => lost.Client == "reader" && lost.Topic.EndsWith("/birth", StringComparison.Ordinal));
    }

    private static bool IsLostOnce(string topic) => topic.Contains("/here/", StringComparison.Ordinal) || topic.EndsWith("/birth", StringComparison.Ordinal);
}
