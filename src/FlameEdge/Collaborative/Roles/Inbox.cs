using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A worker's single reader of all its channels: events in the order in which they came, and waits with a bound.</summary>
internal sealed class Inbox : IAsyncDisposable
{
    // A slow site must slow its channels, not fill memory.
    private const int Capacity = 64;
    private readonly Channel<(IChannel From, ChannelEvent Event)> queue = Channel.CreateBounded<(IChannel, ChannelEvent)>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly CancellationTokenSource stopping = new();
    private readonly TimeProvider time;
    private readonly Task[] pumps;

    public Inbox(IEnumerable<IChannel> channels, TimeProvider time)
    {
        this.time = time;
        pumps = [.. channels.Select(channel => Task.Run(() => PumpAsync(channel)))];
    }

    /// <summary>The next event, or null when <paramref name="wait"/> is over first.</summary>
    /// <exception cref="ChannelException">A channel has ended.</exception>
    public async Task<(IChannel From, ChannelEvent Event)?> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (queue.Reader.TryRead(out var item))
        {
            return item;
        }

        if (wait <= TimeSpan.Zero)
        {
            return null;
        }

        using var timer = new CancellationTokenSource(wait, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await queue.Reader.ReadAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (ChannelClosedException closed) when (closed.InnerException is { } cause)
        {
            throw new ChannelException($"a channel of the job ended: {cause.Message}", cause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        queue.Writer.TryComplete();
        await Task.WhenAll(pumps);
        while (queue.Reader.TryRead(out var item))
        {
            (item.Event as IDisposable)?.Dispose();
        }

        stopping.Dispose();
    }

    private async Task PumpAsync(IChannel channel)
    {
        Exception cause;
        try
        {
            await foreach (var item in channel.ReceiveAsync(stopping.Token))
            {
                await queue.Writer.WriteAsync((channel, item), stopping.Token);
            }

            cause = new InvalidOperationException($"'{channel.Endpoint.Channel}' was closed");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error)
        {
            cause = error;
        }

        queue.Writer.TryComplete(cause);
    }
}
