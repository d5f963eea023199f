using System.Buffers;
using System.Collections.Concurrent;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Hosting;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Tests;

/// <summary>What goes over the broker where groups sum among themselves on a channel of their own.</summary>
public class HybridTrafficTests
{
    private const int Trainers = 6;
    private const int Groups = 2;
    private const int Rounds = 3;

    private static readonly RoundSpec Spec = new() { Count = Rounds, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly AgentId Edge = new("edge");

    [Fact]
    public async Task One_update_of_each_group_and_round_goes_up_and_nothing_of_the_rings()
    {
        var classical = await RunAsync(TestJobs.Flat(Trainers, Spec, Training));
        var hybrid = await RunAsync(TestJobs.Hybrid(Trainers, Groups, Spec, Training));

        var (single, grouped) = (Updates(classical), Updates(hybrid));
        Assert.Equal(Trainers * Rounds, single.Count);
        Assert.Equal(Groups * Rounds, grouped.Count);
        Assert.Equal(["trainer_0", "trainer_1"], grouped.Select(update => update.From).Distinct().Order(StringComparer.Ordinal));
        Assert.InRange(grouped.Sum(update => update.Bytes), single.Sum(update => update.Bytes) / 3 / 2, single.Sum(update => update.Bytes) / 3 * 2);
        Assert.DoesNotContain(hybrid, message => message.Topic.Contains("/ring/", StringComparison.Ordinal));
    }

    private static List<(string From, int Bytes)> Updates(IEnumerable<(string Topic, byte[] Payload)> traffic) =>
        [.. traffic.Where(message => message.Topic.Contains("/trainer_", StringComparison.Ordinal) && message.Topic.EndsWith("/aggregator_0", StringComparison.Ordinal) && message.Payload.AsSpan().IndexOf("FEPV"u8) >= 0).Select(message => (message.Topic.Split('/')[^2], message.Payload.Length))];

    // All that went by somebody who listens at the broker.
    private static async Task<IReadOnlyList<(string Topic, byte[] Payload)>> RunAsync(JobPlan plan)
    {
        var traffic = new ConcurrentQueue<(string, byte[])>();
        await using var broker = await Mosquitto.StartAsync();
        using var reader = new MqttClientFactory().CreateMqttClient();
        reader.ApplicationMessageReceivedAsync += message =>
        {
            traffic.Enqueue((message.ApplicationMessage.Topic, message.ApplicationMessage.Payload.ToArray()));
            return Task.CompletedTask;
        };
        await reader.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", broker.Port).WithClientId("reader").WithProtocolVersion(MqttProtocolVersion.V500).Build(), TestContext.Current.CancellationToken);
        await reader.SubscribeAsync("#", cancellationToken: TestContext.Current.CancellationToken);

        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{broker.Port}") }, Edge);
        await using var above = new MqttChannelBackend(session);
        await using var local = new MemoryChannelBackend(new MemoryHub());
        var channels = plan.Job.Graph.Channels.Select(channel => channel.Name.Value == "ring" ? channel with { Backend = "memory" } : channel);
        var observer = new RecordingObserver();
        await new JobRunner(new JobSetup
        {
            Plan = new(plan.Job with { Backend = "mqtt", Graph = plan.Job.Graph with { Channels = [.. channels] } }, [.. plan.Workers.Select(worker => worker with { Agent = Edge })]),
            Roles = StandardRoles.Catalog(),
            Engines = [new SoftmaxEngine()],
            LoadAsync = (spec, _) => Task.FromResult(TestJobs.Rows(spec.Id)),
            State = new MemoryStateStore(),
            Backends = new Dictionary<string, IChannelBackend> { ["mqtt"] = above, ["memory"] = local },
            Observer = observer,
            ComputeLimit = 16,
        }).RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal("completed", observer.End!.State);
        return [.. traffic];
    }
}
