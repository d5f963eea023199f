using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using FlameEdge.Channels;
using FlameEdge.Hosting;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Tests;

/// <summary>What somebody who reads all of the broker's traffic learns of a client's update.</summary>
public class MaskedTrafficTests
{
    private const int Clients = 4;

    private static readonly AgentId Edge = new("edge");

    // Enough of an update to know it by; the tail is another worker's too where data are alike.
    private const int Known = 5;

    [Fact]
    public async Task Every_plain_update_is_there_to_read_and_of_masked_ones_none()
    {
        var (plain, plainTraffic) = await RunAsync(isSecure: false);
        var (masked, maskedTraffic) = await RunAsync(isSecure: true);

        Assert.Equal(Clients, plain.Count);
        Assert.All(plain, update => Assert.True(IsIn(plainTraffic, update), "the search finds no plain update"));
        Assert.Equal(plain.Select(Convert.ToHexString).Order(), masked.Select(Convert.ToHexString).Order());
        Assert.All(masked, update => Assert.False(IsIn(maskedTraffic, update), "an update is there as it is"));
        Assert.All(masked, update => Assert.False(IsIn(maskedTraffic, FixedPoint(update, 24, 40)), "an update is there as whole numbers"));
        Assert.All(masked, update => Assert.False(IsIn(maskedTraffic, FixedPoint(update, 24, 1)), "an update is there as whole numbers, without its weight"));
    }

    private static byte[] FixedPoint(byte[] update, int fractionBits, int weight)
    {
        var values = MemoryMarshal.Cast<byte, float>(update);
        var bytes = new byte[values.Length * sizeof(long)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), (long)Math.Round(Math.ScaleB(values[i] * (float)weight, fractionBits)));
        }

        return bytes;
    }

    private static bool IsIn(IEnumerable<byte[]> traffic, byte[] bytes) => traffic.Any(payload => payload.AsSpan().IndexOf(bytes) >= 0);

    // One round of a job over a broker that somebody listens to: what each client learned, and all that went by.
    private static async Task<(IReadOnlyList<byte[]> Updates, IReadOnlyList<byte[]> Traffic)> RunAsync(bool isSecure)
    {
        var rounds = new RoundSpec { Count = 1, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };
        var plan = TestJobs.Flat(Clients, rounds, new() { LearningRate = 0.5, Steps = 3, BatchSize = null });
        plan = new(plan.Job with { Backend = "mqtt", SecureAggregation = isSecure ? new() : null }, [.. plan.Workers.Select(worker => worker with { Agent = Edge })]);
        var updates = new ConcurrentBag<byte[]>();
        var traffic = new ConcurrentQueue<byte[]>();

        await using var broker = await EmbeddedBroker.StartAsync(new EmbeddedBrokerOptions());
        using var reader = new MqttClientFactory().CreateMqttClient();
        reader.ApplicationMessageReceivedAsync += message =>
        {
            traffic.Enqueue(message.ApplicationMessage.Payload.ToArray());
            return Task.CompletedTask;
        };
        await reader.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", broker.Port).WithClientId("reader").WithProtocolVersion(MqttProtocolVersion.V500).Build(), TestContext.Current.CancellationToken);
        await reader.SubscribeAsync("#", cancellationToken: TestContext.Current.CancellationToken);

        await using var session = await MqttSession.ConnectAsync(new MqttOptions { Broker = new Uri($"mqtt://127.0.0.1:{broker.Port}") }, Edge);
        await using var backend = new MqttChannelBackend(session);

        // The first round starts from zeros, so what is trained is what changed.
        var engine = new SoftmaxEngine { OnTrained = (_, values) => updates.Add(MemoryMarshal.AsBytes(values.AsSpan(0, Known)).ToArray()) };
        await new JobRunner(new JobSetup
        {
            Plan = plan,
            Roles = StandardRoles.Catalog(),
            Engines = [engine],
            LoadAsync = (spec, _) => Task.FromResult(TestJobs.Rows(spec.Id)),
            State = new MemoryStateStore(),
            Backends = new Dictionary<string, IChannelBackend> { ["mqtt"] = backend },
            Observer = new RecordingObserver(),
        }).RunAsync(TestContext.Current.CancellationToken);
        return ([.. updates], [.. traffic]);
    }
}
