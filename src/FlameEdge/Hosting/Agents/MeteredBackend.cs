using FlameEdge.Channels;

namespace FlameEdge.Hosting.Agents;

/// <summary>A backend whose channels' bytes are counted.</summary>
internal sealed class MeteredBackend : IChannelBackend, IIncarnationMemory
{
    private readonly Lock gate = new();
    private readonly IChannelBackend inner;
    private readonly ByteCount count;
    private readonly List<IMeteredChannel> channels = [];
    private long read;

    public MeteredBackend(IChannelBackend inner, ByteCount count)
    {
        this.inner = inner;
        this.count = count;
        count.Add(this);
    }

    public string Name => inner.Name;

    /// <summary>Bytes that <see cref="Read"/> has not taken yet.</summary>
    public long Unread
    {
        get
        {
            lock (gate)
            {
                return channels.Sum(channel => channel.Traffic.Sent + channel.Traffic.Received) - read;
            }
        }
    }

    /// <summary>Takes the bytes moved since the last call.</summary>
    public long Read()
    {
        lock (gate)
        {
            var unread = Unread;
            read += unread;
            return unread;
        }
    }

    public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken)
    {
        var channel = await inner.OpenAsync(endpoint, cancellationToken);
        if (channel is IMeteredChannel metered)
        {
            lock (gate)
            {
                channels.Add(metered);
            }
        }

        return channel;
    }

    public async ValueTask<long> SeenIncarnationAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) =>
        inner is IIncarnationMemory memory ? await memory.SeenIncarnationAsync(endpoint, cancellationToken) : 0;

    public async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        count.Close(this);
    }
}
