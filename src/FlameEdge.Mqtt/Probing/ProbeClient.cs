using System.Collections.Concurrent;
using System.Text;
using FlameEdge.Topology;
using MQTTnet;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Probing;

/// <summary>A client of a probe: one connection and what came over it.</summary>
internal sealed class ProbeClient : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Topic, long Bytes)> received = [];
    private readonly SemaphoreSlim arrivals = new(0);

    private ProbeClient() => Connection = new MqttConnection(1, Take, static () => { }, new MqttTrafficCounter());

    public MqttConnection Connection { get; }

    public int Count => received.Count;

    public static async Task<ProbeClient> ConnectAsync(MqttOptions options, string id, MqttProtocolVersion version, string? will, bool isLasting, CancellationToken cancellationToken)
    {
        var client = new ProbeClient();
        try
        {
            var build = new ClientOptionsBuilder(options, new AgentId(id), TimeProvider.System);
            var attempt = isLasting ? build.Lasting(id, version, will ?? $"{id}/unused", [1]) : build.Passing(id, version);
            attempt.Options.WillRetain = false;
            await client.Connection.ConnectAsync(attempt, options, cancellationToken);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public Task SubscribeAsync(string filter, CancellationToken cancellationToken) => Connection.SubscribeAsync([filter], cancellationToken);

    public Task PublishAsync(string topic, byte[] payload, bool retain = false) => Connection.PublishAsync(MqttLink.ToMessage(topic, new(payload), retain));

    public Task PublishAsync(string topic, string text, bool retain = false) => PublishAsync(topic, Encoding.UTF8.GetBytes(text), retain);

    /// <summary>True when so many packets have come on a topic within the bound.</summary>
    public async Task<bool> HasAsync(string topic, int count, TimeSpan bound, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (received.Count(message => message.Topic == topic) < count)
        {
            var left = bound - TimeProvider.System.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !await arrivals.WaitAsync(left, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private void Take(MqttApplicationMessage message)
    {
        received.Enqueue((message.Topic, message.Payload.Length));
        arrivals.Release();
    }
}
