namespace FlameEdge.Channels.InMemory;

/// <summary>Channels within one process: what tests and the smallest runs use. Backends that share a hub meet.</summary>
/// <param name="hub">Where they meet.</param>
/// <param name="mailboxCapacity">Messages a role may leave unread before its senders wait.</param>
public sealed class MemoryChannelBackend(MemoryHub hub, int mailboxCapacity = 4096) : IChannelBackend
{
    private readonly Lock gate = new();
    private readonly List<MemoryChannel> opened = [];

    /// <inheritdoc/>
    public string Name => "memory";

    /// <inheritdoc/>
    public ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken)
    {
        var channel = new MemoryChannel(hub, endpoint, mailboxCapacity);
        lock (gate)
        {
            opened.Add(channel);
        }

        return ValueTask.FromResult<IChannel>(channel);
    }

    /// <summary>Disposes the channels it opened: their peers see them leave.</summary>
    public async ValueTask DisposeAsync()
    {
        MemoryChannel[] channels;
        lock (gate)
        {
            channels = [.. opened];
            opened.Clear();
        }

        foreach (var channel in channels)
        {
            await channel.DisposeAsync();
        }
    }
}
