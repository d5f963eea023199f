using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>A role's single reader of a channel: events in order, waits with a bound, and who is present as of the last event read.</summary>
internal sealed class ChannelInbox : IAsyncDisposable
{
    // Events carry buffers: a slow role must slow its channel, not fill memory.
    private const int Capacity = 64;
    private readonly Channel<ChannelEvent> queue = Channel.CreateBounded<ChannelEvent>(new BoundedChannelOptions(Capacity) { SingleReader = true, SingleWriter = true });
    // Never changed, only replaced: sends that are repeated ask who is there on threads of their own.
    private volatile Dictionary<WorkerId, Peer> present = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly TimeProvider time;
    private readonly Task pump;

    public ChannelInbox(IChannel channel, TimeProvider time)
    {
        Source = channel;
        this.time = time;
        pump = Task.Run(PumpAsync);
    }

    public IChannel Source { get; }

    /// <summary>Peers present as of the last event read; what one call gave does not change afterwards.</summary>
    public IReadOnlyDictionary<WorkerId, Peer> Present => present;

    /// <summary>The next event, or null when <paramref name="wait"/> is over first; null for who bounds it by the token.</summary>
    public async Task<ChannelEvent?> NextAsync(TimeSpan? wait, CancellationToken cancellationToken)
    {
        if (!queue.Reader.TryRead(out var item))
        {
            if (wait <= TimeSpan.Zero)
            {
                return null;
            }

            using var timer = new CancellationTokenSource(wait ?? Timeout.InfiniteTimeSpan, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            try
            {
                item = await queue.Reader.ReadAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
            catch (ChannelClosedException closed) when (closed.InnerException is { } cause)
            {
                throw new Diagnostics.ChannelException($"channel '{Source.Endpoint.Channel}' of {Source.Endpoint.Self} ended: {cause.Message}", cause);
            }
        }

        Note(item);
        return item;
    }

    /// <summary>Waits until somebody is there.</summary>
    /// <exception cref="Diagnostics.JobFailedException">Nobody came within <paramref name="patience"/>.</exception>
    public async Task WaitForAnyAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (present.Count == 0)
        {
            var left = patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new Diagnostics.JobFailedException($"{Source.Endpoint.Self} met nobody within {patience.TotalSeconds:0} s. Start its workers, or raise rounds.patience.") { IsTimeout = true };
            }

            (await NextAsync(left, cancellationToken) as IDisposable)?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        queue.Writer.TryComplete();
        await pump;
        while (queue.Reader.TryRead(out var item))
        {
            (item as IDisposable)?.Dispose();
        }

        stopping.Dispose();
    }

    private void Note(ChannelEvent item)
    {
        switch (item)
        {
            case PeerJoined joined:
                present = new(present) { [joined.Worker] = joined.Peer };
                break;
            case PeerLeft left:
                var others = new Dictionary<WorkerId, Peer>(present);
                others.Remove(left.Worker);
                present = others;
                break;
        }
    }

    private async Task PumpAsync()
    {
        Exception? cause = null;
        try
        {
            await foreach (var item in Source.ReceiveAsync(stopping.Token))
            {
                await queue.Writer.WriteAsync(item, stopping.Token);
            }

            cause = new InvalidOperationException("it was closed");
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The role is done reading.
        }
        catch (Exception error)
        {
            cause = error;
        }

        queue.Writer.TryComplete(cause);
    }
}
