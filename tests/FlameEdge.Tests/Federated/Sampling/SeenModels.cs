using System.Collections.Concurrent;
using FlameEdge.Channels;
using FlameEdge.Federated;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Sampling;

/// <summary>A backend that remembers the heads of the models that are sent.</summary>
internal sealed class SeenModels(IChannelBackend inner, ConcurrentQueue<(int Round, ModelHead Head)> seen) : IChannelBackend
{
    public string Name => inner.Name;

    public async ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken) => new SeenChannel(await inner.OpenAsync(endpoint, cancellationToken), seen);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class SeenChannel(IChannel inner, ConcurrentQueue<(int Round, ModelHead Head)> seen) : IChannel
    {
        public ChannelEndpoint Endpoint => inner.Endpoint;

        public IReadOnlyList<Peer> Peers => inner.Peers;

        public Task JoinAsync(PeerCard card, CancellationToken cancellationToken) => inner.JoinAsync(card, cancellationToken);

        public Task LeaveAsync(CancellationToken cancellationToken) => inner.LeaveAsync(cancellationToken);

        public Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken)
        {
            See(message);
            return inner.SendAsync(to, message, cancellationToken);
        }

        public Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken)
        {
            See(message);
            return inner.BroadcastAsync(message, quorum, cancellationToken);
        }

        public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => inner.ReceiveAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private void See(Message message)
        {
            if (message.Kind == MessageKind.Model)
            {
                seen.Enqueue((message.Round, FederatedJson.Read(message.Head.Span, FederatedJson.Default.ModelHead)));
            }
        }
    }
}
