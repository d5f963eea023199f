using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Channels.InMemory;

/// <summary>A worker's end of an in-memory channel. Messages are copied, as a network would, so a sender may reuse its buffers at once.</summary>
internal sealed class MemoryChannel : IChannel, IPlacedChannel, IMeteredChannel
{
    private readonly MemoryHub hub;
    private readonly PlacementDictionary placement;
    private readonly Mailbox mailbox;
    private readonly Lock gate = new();
    private readonly SortedDictionary<WorkerId, Presence> peers = new(Comparer<WorkerId>.Create(static (left, right) => string.CompareOrdinal(left.Value, right.Value)));
    private readonly Dictionary<MessageKind, CancellationTokenSource> repairs = [];
    private readonly List<Task> laggards = [];
    private CancellationTokenSource joined = new();
    private PeerCard card = new(0);
    private bool isHere;
    private bool isFenced;
    private bool isDisposed;
    private long sent;
    private long received;

    public MemoryChannel(MemoryHub hub, ChannelEndpoint endpoint, int capacity)
    {
        this.hub = hub;
        mailbox = new Mailbox(capacity);
        placement = new PlacementDictionary(endpoint.Placement);
        Endpoint = endpoint with { Placement = placement };
    }

    public ChannelEndpoint Endpoint { get; }

    public IReadOnlyList<Peer> Peers
    {
        get
        {
            lock (gate)
            {
                return [.. peers.Values.Select(presence => presence.Peer)];
            }
        }
    }

    public ChannelTraffic Traffic => new(Interlocked.Read(ref sent), Interlocked.Read(ref received));

    public Task JoinAsync(PeerCard card, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            this.card = card;
            isHere = true;
            if (joined.IsCancellationRequested)
            {
                joined = new CancellationTokenSource();
            }
        }

        hub.Join(this);
        return Task.CompletedTask;
    }

    public Task PlaceAsync(IReadOnlyDictionary<WorkerId, AgentId> placement, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            foreach (var worker in this.placement.Replace(placement).Where(peers.Remove))
            {
                mailbox.Announce(new PeerLeft(worker));
            }
        }

        hub.Introduce(this);
        return Task.CompletedTask;
    }

    public Task LeaveAsync(CancellationToken cancellationToken)
    {
        Depart();
        return Task.CompletedTask;
    }

    public async Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken)
    {
        MessageLimits.Require(message);
        await (message.Until ?? Task.CompletedTask).WaitAsync(cancellationToken);
        var presence = Find(to);
        await HandAsync(presence, new SharedCopy(message, holders: 1), cancellationToken);
        Interlocked.Add(ref sent, SizeOf(message));
    }

    public async Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken)
    {
        MessageLimits.Require(message);
        await (message.Until ?? Task.CompletedTask).WaitAsync(cancellationToken);
        var (present, repair) = BeginBroadcast(message.Kind);
        if (present.Length == 0)
        {
            return;
        }

        Interlocked.Add(ref sent, SizeOf(message));
        var copy = new SharedCopy(message, present.Length);
        var pending = present.Select(presence => HandOrGiveUpAsync(presence, copy, repair)).ToList();
        lock (gate)
        {
            laggards.RemoveAll(task => task.IsCompleted);
            laggards.AddRange(pending);
        }

        for (var holding = 0; holding < quorum && pending.Count > 0;)
        {
            var done = await Task.WhenAny(pending).WaitAsync(cancellationToken);
            pending.Remove(done);
            holding += await done ? 1 : 0;
        }
    }

    public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => mailbox.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Task[] unfinished;
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            isDisposed = true;
            foreach (var repair in repairs.Values)
            {
                repair.Cancel();
            }

            unfinished = [.. laggards];
        }

        Depart();
        await Task.WhenAll(unfinished);
        mailbox.Dispose();
    }

    /// <summary>Another run of this worker has taken over: nothing more is sent or received here, and nobody is told that it left.</summary>
    internal void Fence()
    {
        lock (gate)
        {
            isFenced = true;
            isHere = false;
            peers.Clear();
            EndPresence();
        }
    }

    /// <summary>Learns that a worker is there, if the plan lets the two meet.</summary>
    internal void Meet(MemoryChannel other)
    {
        lock (gate)
        {
            if (!Endpoint.Placement.TryGetValue(other.Endpoint.Self, out var agent) || agent != other.Endpoint.Agent)
            {
                return;
            }

            var peer = new Peer(other.Endpoint.Self, other.Endpoint.Incarnation, other.card);
            if (peers.TryGetValue(peer.Worker, out var known) && known.Peer == peer && known.Channel == other)
            {
                return;
            }

            peers[peer.Worker] = new Presence(peer, other, other.joined.Token);
            mailbox.Announce(new PeerJoined(peer));
        }
    }

    /// <summary>Learns that a worker has left.</summary>
    internal void Part(MemoryChannel other)
    {
        lock (gate)
        {
            if (peers.TryGetValue(other.Endpoint.Self, out var known) && known.Channel == other)
            {
                peers.Remove(other.Endpoint.Self);
                mailbox.Announce(new PeerLeft(other.Endpoint.Self));
            }
        }
    }

    // Senders that wait for this worker are woken on threads of their own: this runs under locks.
    private void EndPresence() => _ = joined.CancelAsync();

    private static long SizeOf(Message message) => message.Head.Length + message.Body.Length;

    private void Depart()
    {
        lock (gate)
        {
            if (!isHere)
            {
                return;
            }

            isHere = false;
            peers.Clear();
            EndPresence();
        }

        hub.Leave(this);
    }

    private Presence Find(WorkerId to)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            RequireUnfenced();
            return peers.TryGetValue(to, out var presence) ? presence : throw Gone(to);
        }
    }

    private (Presence[] Present, CancellationToken Repair) BeginBroadcast(MessageKind kind)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            RequireUnfenced();
            if (repairs.Remove(kind, out var former))
            {
                former.Cancel();
            }

            var repair = repairs[kind] = new CancellationTokenSource();
            return ([.. peers.Values], repair.Token);
        }
    }

    private void RequireUnfenced()
    {
        if (isFenced)
        {
            throw new ChannelException($"a newer run of worker {Endpoint.Self} has joined {Endpoint.Channel}; stop this one") { Fault = ChannelFault.Fenced };
        }
    }

    private async Task HandAsync(Presence presence, SharedCopy copy, CancellationToken cancellationToken)
    {
        using var present = CancellationTokenSource.CreateLinkedTokenSource(presence.Present, cancellationToken);
        try
        {
            await presence.Channel.mailbox.ReserveAsync(present.Token);
        }
        catch (OperationCanceledException)
        {
            copy.Release();
            cancellationToken.ThrowIfCancellationRequested();
            throw Gone(presence.Peer.Worker);
        }

        presence.Channel.Accept(new MessageArrived(Endpoint.Self, Endpoint.Incarnation, copy.Message, new BufferOwner(copy.Release)));
    }

    private async Task<bool> HandOrGiveUpAsync(Presence presence, SharedCopy copy, CancellationToken repair)
    {
        try
        {
            await HandAsync(presence, copy, repair);
            return true;
        }
        catch (Exception exception) when (exception is ChannelException or OperationCanceledException)
        {
            return false;
        }
    }

    private void Accept(MessageArrived message)
    {
        Interlocked.Add(ref received, SizeOf(message.Message));
        mailbox.Deliver(message);
    }

    private ChannelException Gone(WorkerId worker) =>
        new($"worker {worker} is not on channel {Endpoint.Channel} of job {Endpoint.Job}; wait until it joins") { Fault = ChannelFault.PeerLeft };

    private sealed record Presence(Peer Peer, MemoryChannel Channel, CancellationToken Present);

    /// <summary>One copy of a message for all who get it; the last to dispose gives the buffer back.</summary>
    private sealed class SharedCopy
    {
        private readonly byte[] buffer;
        private int holders;

        public SharedCopy(Message message, int holders)
        {
            this.holders = holders;
            var length = checked((int)message.Body.Length);
            buffer = ArrayPool<byte>.Shared.Rent(length);
            message.Body.CopyTo(buffer);
            Message = message with { Head = message.Head.ToArray(), Body = new ReadOnlySequence<byte>(buffer, 0, length) };
        }

        public Message Message { get; }

        public void Release()
        {
            if (Interlocked.Decrement(ref holders) == 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
