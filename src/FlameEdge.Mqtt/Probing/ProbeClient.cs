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

    public static async Task<ProbeClient> ConnectAsync(
        MqttOptions options, string user, string id, MqttProtocolVersion version, string? will, bool isLasting, TimeSpan willDelay, CancellationToken cancellationToken)
    {
        var client = new ProbeClient();
        try
        {
            var build = new ClientOptionsBuilder(options, new AgentId(user), TimeProvider.System);
            var attempt = isLasting ? build.Lasting(id, version, will ?? string.Empty, [1]) : build.Passing(id, version);
            if (will is null)
            {
                (attempt.Options.WillTopic, attempt.Options.WillPayload) = (null, null);
            }

            attempt.Options.WillRetain = false;
            attempt.Options.WillDelayInterval = (uint)willDelay.TotalSeconds;
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

    /// <summary>A retained message that the broker is to forget after a time.</summary>
    public Task PublishAsync(string topic, string text, TimeSpan expiry)
    {
        var message = MqttLink.ToMessage(topic, new(Encoding.UTF8.GetBytes(text)), retain: true);
        message.MessageExpiryInterval = (uint)expiry.TotalSeconds;
        return Connection.PublishAsync(message);
    }

    /// <summary>How many packets came on a topic.</summary>
    public int CountOf(string topic) => received.Count(message => message.Topic == topic);

    /// <summary>True when so many packets have come on a topic within the bound.</summary>
    public async Task<bool> HasAsync(string topic, int count, TimeSpan bound, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (CountOf(topic) < count)
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
