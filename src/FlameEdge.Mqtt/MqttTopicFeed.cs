using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Topology;
using MQTTnet;

namespace FlameEdge.Mqtt;

/// <summary>Sensors' messages, over the bulk connection: it starts clean, so that no broker hoards telemetry for an agent that is away, and control never waits behind it.</summary>
internal sealed class MqttTopicFeed(MqttLink bulk) : ITopicFeed
{
    // A second of a thousand messages; who is further behind works on the newest.
    private const int Capacity = 1024;
    private readonly Lock gate = new();
    private (IReadOnlyList<string> Filters, ChannelWriter<TopicMessage> Writer)[] readers = [];

    /// <inheritdoc/>
    public async IAsyncEnumerable<TopicMessage> WatchAsync(IReadOnlyList<string> filters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var messages = Channel.CreateBounded<TopicMessage>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        var reader = (filters, messages.Writer);
        lock (gate)
        {
            readers = [.. readers, reader];
        }

        try
        {
            await bulk.SubscribeAsync([.. filters], cancellationToken);
            await foreach (var message in messages.Reader.ReadAllAsync(cancellationToken))
            {
                yield return message;
            }
        }
        finally
        {
            lock (gate)
            {
                readers = [.. readers.Where(other => other.Writer != messages.Writer)];
            }

            await bulk.UnsubscribeAsync([.. filters], CancellationToken.None);
        }
    }

    /// <summary>Gives a message to those who watch its topic.</summary>
    public void Take(MqttApplicationMessage message)
    {
        ReadOnlyMemory<byte>? payload = null;
        foreach (var (filters, writer) in readers)
        {
            if (filters.Any(filter => TopicFilter.Matches(filter, message.Topic)))
            {
                // Copied: the client reuses its buffer.
                writer.TryWrite(new(message.Topic, payload ??= message.Payload.ToArray()));
            }
        }
    }
}
