namespace FlameEdge.Channels;

/// <summary>Messages of anybody on topics outside FlameEdge's own: what sensors publish. Raw: the reader checks what they hold.</summary>
public interface ITopicFeed
{
    /// <summary>The messages whose topic matches any filter, in the order they come, from now on, until cancelled. A reader that falls far behind loses the oldest.</summary>
    /// <param name="filters">MQTT topic filters; <c>+</c> stands for any one level, a <c>#</c> at the end for any further ones.</param>
    /// <param name="cancellationToken">Ends the subscription.</param>
    /// <exception cref="Diagnostics.ChannelException">The broker refuses the subscription.</exception>
    IAsyncEnumerable<TopicMessage> WatchAsync(IReadOnlyList<string> filters, CancellationToken cancellationToken);
}

/// <summary>A message somebody published.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Payload">Its bytes, the reader's to keep.</param>
public readonly record struct TopicMessage(string Topic, ReadOnlyMemory<byte> Payload);
