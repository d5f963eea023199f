using System.Collections.Concurrent;
using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Coordination;

/// <summary>A backend on which some workers have a slow link: whatever is sent to one takes its time, one message after the other. What they tell of themselves may take its time as well.</summary>
internal sealed class SlowLinks(IChannelBackend inner, Func<WorkerId, MessageKind, TimeSpan> delayOf, Func<WorkerId, PeerCard, TimeSpan>? joinDelayOf = null) : IChannelBackend
{
    private readonly ConcurrentDictionary<WorkerId, SemaphoreSlim> links = new();

    public string Name => inner.Name;

    public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) => new SlowChannel(await inner.OpenAsync(endpoint, cancellationToken), this);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class SlowChannel(IChannel inner, SlowLinks backend) : IChannel
    {
        public ChannelEndpoint Endpoint => inner.Endpoint;

        public IReadOnlyList<Peer> Peers => inner.Peers;

        public async Task JoinAsync(PeerCard card, CancellationToken cancellationToken)
        {
            if (backend.JoinDelayOf(Endpoint.Self, card) is { Ticks: > 0 } delay)
            {
                await Task.Delay(delay, TimeProvider.System, cancellationToken);
            }

            await inner.JoinAsync(card, cancellationToken);
        }

        public Task LeaveAsync(CancellationToken cancellationToken) => inner.LeaveAsync(cancellationToken);

        public async Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken)
        {
            if (backend.DelayOf(to, message.Kind) is { Ticks: > 0 } delay)
            {
                var link = backend.links.GetOrAdd(to, _ => new SemaphoreSlim(1));
                await link.WaitAsync(cancellationToken);
                try
                {
                    await Task.Delay(delay, TimeProvider.System, cancellationToken);
                }
                finally
                {
                    link.Release();
                }
            }

            await inner.SendAsync(to, message, cancellationToken);
        }

        public Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken) => inner.BroadcastAsync(message, quorum, cancellationToken);

        public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => inner.ReceiveAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private TimeSpan DelayOf(WorkerId to, MessageKind kind) => delayOf(to, kind);

    private TimeSpan JoinDelayOf(WorkerId self, PeerCard card) => joinDelayOf?.Invoke(self, card) ?? TimeSpan.Zero;
}
