using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Channels.Transfer;

/// <summary>A worker's end of the transfer protocol: whole messages over a port that may lose, repeat and reorder packets, each delivered exactly once.</summary>
/// <remarks>It knows neither network nor clock but by its port and time provider, so it is tested without either. Who is present is told to it.
/// Thread-safe. Order is kept for sends that are awaited one after the other; nothing is promised between messages under way together.</remarks>
public sealed partial class Exchange : IAsyncDisposable
{
    private static readonly TimeSpan TickPeriod = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly SortedDictionary<WorkerId, Peer> peers = new(Comparer<WorkerId>.Create(static (left, right) => string.CompareOrdinal(left.Value, right.Value)));
    private readonly IPacketPort port;
    private readonly TransferOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Func<ulong> nextMessageId;
    private readonly Mailbox mailbox;
    private readonly Outbox outbox;
    private readonly Inbox inbox;
    private readonly PacketPump pump;
    private readonly ITimer timer;
    private readonly HashSet<string> complainedAbout = [];
    private ChannelDrops drops;
    private uint answerCount;
    private long sent;
    private long received;
    private bool isTicking;
    private bool isDisposed;

    /// <param name="endpoint">Who stands here.</param>
    /// <param name="port">What carries the packets.</param>
    /// <param name="options">How messages are cut, paced and bounded.</param>
    /// <param name="nextMessageId">Counts messages; unique for a process, because all its channels share an incarnation.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears, once per cause, about packets that were not believed.</param>
    public Exchange(ChannelEndpoint endpoint, IPacketPort port, TransferOptions options, Func<ulong> nextMessageId, TimeProvider time, ILogger logger)
    {
        Endpoint = endpoint;
        this.port = port;
        this.options = options;
        this.nextMessageId = nextMessageId;
        this.time = time;
        this.logger = logger;
        mailbox = new Mailbox(options.MailboxCapacity, OnTaken);
        outbox = new Outbox(endpoint, options, time, Post, Wake);
        inbox = new Inbox(endpoint, port, options, time, mailbox, worker => peers.TryGetValue(worker, out var peer) ? peer.Incarnation : null, Answer);
        pump = new PacketPump(port, gate, outbox.TakeChunk, options.BulkConcurrency, bytes => Interlocked.Add(ref sent, bytes));
        timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Who stands here.</summary>
    public ChannelEndpoint Endpoint { get; }

    /// <summary>Told of packets from workers (or runs of them) that the plan knows and nobody has seen arrive; must be quick.</summary>
    public Action? Unseen { get; init; }

    /// <summary>Who is present, sorted by worker.</summary>
    public IReadOnlyList<Peer> Peers
    {
        get
        {
            lock (gate)
            {
                return [.. peers.Values];
            }
        }
    }

    /// <summary>Bytes of packets sent and believed.</summary>
    public ChannelTraffic Traffic => new(Interlocked.Read(ref sent), Interlocked.Read(ref received));

    /// <summary>Packets that were not believed.</summary>
    public ChannelDrops Drops
    {
        get
        {
            lock (gate)
            {
                return drops;
            }
        }
    }

    /// <summary>The most bytes that were ever being assembled or waiting for the role.</summary>
    public long PeakAssemblyBytes
    {
        get
        {
            lock (gate)
            {
                return inbox.PeakBytes;
            }
        }
    }

    /// <inheritdoc cref="IChannel.SendAsync"/>
    public async Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken)
    {
        MessageLimits.Require(message);
        await ReadyAsync(message, cancellationToken);
        var hash = ContentHash.Of(message.Head.Span, message.Body);
        Outgoing outgoing;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (!peers.TryGetValue(to, out var peer))
            {
                throw new ChannelException($"worker {to} is not on channel {Endpoint.Channel} of job {Endpoint.Job}; wait until it joins") { Fault = ChannelFault.PeerLeft };
            }

            outgoing = Begin(message, hash, [peer], isBroadcast: false, quorum: 1);
        }

        await FinishAsync(outgoing, cancellationToken);
    }

    /// <inheritdoc cref="IChannel.BroadcastAsync"/>
    public async Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken)
    {
        MessageLimits.Require(message);
        await ReadyAsync(message, cancellationToken);
        var hash = ContentHash.Of(message.Head.Span, message.Body);
        Outgoing outgoing;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (peers.Count == 0)
            {
                return;
            }

            outgoing = Begin(message, hash, peers.Values, isBroadcast: true, quorum);
        }

        await FinishAsync(outgoing, cancellationToken);
    }

    /// <inheritdoc cref="IChannel.ReceiveAsync"/>
    public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => mailbox.ReadAsync(cancellationToken);

    /// <summary>A worker is there, is there again, or runs anew.</summary>
    public void Arrived(Peer peer)
    {
        lock (gate)
        {
            var known = peers.GetValueOrDefault(peer.Worker);
            if (isDisposed || known == peer)
            {
                return;
            }

            peers[peer.Worker] = peer;
            mailbox.Announce(new PeerJoined(peer));
            if (known?.Incarnation != peer.Incarnation)
            {
                // Who only tells something else of itself has not been away: nothing on the way is lost.
                inbox.Arrived(peer);
                outbox.Arrived(peer);
            }

            KeepTicking();
        }
    }

    /// <summary>A worker has left.</summary>
    public void Departed(WorkerId worker)
    {
        lock (gate)
        {
            if (!isDisposed && peers.Remove(worker))
            {
                mailbox.Announce(new PeerLeft(worker));
                outbox.Departed(worker);
            }
        }
    }

    /// <summary>This worker leaves: what it was sending fails, what it was assembling is dropped, nobody is present any more.</summary>
    public void Leave()
    {
        lock (gate)
        {
            peers.Clear();
            outbox.Close($"worker {Endpoint.Self} has left");
            inbox.Close();
        }
    }

    /// <summary>The connection is new: everything that was on its way is asked for, and told, again.</summary>
    public void Reconnected()
    {
        lock (gate)
        {
            if (!isDisposed)
            {
                outbox.Reconnected();
                inbox.Reconnected();
                pump.Wake();
            }
        }
    }

    /// <summary>Takes a packet in. Never throws for what it reads: bad packets are counted, reported once and dropped.</summary>
    /// <param name="agent">The device that published it, as the broker vouches.</param>
    /// <param name="from">The worker it claims to come from.</param>
    /// <param name="packet">Its bytes; not kept.</param>
    public void Take(AgentId agent, WorkerId from, ReadOnlySequence<byte> packet)
    {
        if (!Endpoint.Placement.TryGetValue(from, out var placed) || placed != agent)
        {
            Disbelieve(drops => drops with { Strangers = drops.Strangers + 1 }, from, $"the plan does not put it on device {agent}");
            return;
        }

        try
        {
            var bytes = packet.IsSingleSegment ? packet.FirstSpan : packet.ToArray();
            var header = PacketHeader.Read(bytes, out var payload);
            lock (gate)
            {
                if (!isDisposed && IsTimely(from, header))
                {
                    Interlocked.Add(ref received, packet.Length);
                    Dispatch(from, header, payload);
                    KeepTicking();
                }
            }
        }
        catch (PayloadException exception)
        {
            Disbelieve(drops => drops with { Malformed = drops.Malformed + 1 }, from, exception.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            isDisposed = true;
            peers.Clear();
            outbox.Close($"worker {Endpoint.Self} has closed the channel");
            inbox.Close();
        }

        await timer.DisposeAsync();
        await pump.DisposeAsync();
        mailbox.Dispose();
    }

    private Outgoing Begin(Message message, UInt128 hash, IEnumerable<Peer> targets, bool isBroadcast, int quorum)
    {
        var chunkBytes = ChunkBytes;
        if (message.Head.Length > chunkBytes || PacketHeader.CountOf(message.Body.Length, chunkBytes) > PacketHeader.MaximumChunkCount)
        {
            throw new ChannelException($"a message with a head of {message.Head.Length} and a body of {message.Body.Length} bytes does not fit chunks of {chunkBytes}; raise ChunkBytes or the broker's packet limit");
        }

        var outgoing = new Outgoing(nextMessageId(), message, hash, chunkBytes, targets, isBroadcast, quorum, outbox.RepeatAfter, options, time);
        outbox.Begin(outgoing);
        KeepTicking();
        return outgoing;
    }

    private int ChunkBytes => Math.Clamp(options.ChunkBytes, 1, Math.Min(PacketHeader.MaximumChunkBytes, port.MaximumPacketBytes - PacketHeader.Size));

    // A message of one packet has no last chunk to hold back: it waits as a whole.
    private Task ReadyAsync(Message message, CancellationToken cancellationToken) =>
        message.Until is { } until && message.Head.Length + message.Body.Length <= ChunkBytes ? until.WaitAsync(cancellationToken) : Task.CompletedTask;

    private async Task FinishAsync(Outgoing outgoing, CancellationToken cancellationToken)
    {
        try
        {
            if (outgoing.Message.Until is { } until)
            {
                await until.WaitAsync(cancellationToken);
                lock (gate)
                {
                    pump.Wake();
                }
            }

            await outgoing.Completion.Task.WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is OperationCanceledException || !outgoing.IsReleased)
        {
            lock (gate)
            {
                outbox.Abandon(outgoing);
            }

            throw;
        }
    }

    private bool IsTimely(WorkerId from, PacketHeader header)
    {
        if (header.ToIncarnation != 0 && header.ToIncarnation != Endpoint.Incarnation)
        {
            drops = drops with { Stale = drops.Stale + 1 };
            return false;
        }

        if (!peers.TryGetValue(from, out var peer) || header.Incarnation > peer.Incarnation)
        {
            drops = drops with { Early = drops.Early + 1 };
            Unseen?.Invoke();
            return false;
        }

        if (header.Incarnation < peer.Incarnation)
        {
            drops = drops with { Stale = drops.Stale + 1 };
            return false;
        }

        return true;
    }

    private void Dispatch(WorkerId from, PacketHeader header, ReadOnlySpan<byte> payload)
    {
        switch (header.Kind)
        {
            case PacketKind.Whole:
                inbox.TakeWhole(from, header, payload);
                break;
            case PacketKind.Offer:
                inbox.TakeOffer(from, header, payload);
                break;
            case PacketKind.Chunk:
                inbox.TakeChunk(from, header, payload);
                break;
            case PacketKind.Gone:
                inbox.TakeGone(from, header.MessageId);
                break;
            default:
                outbox.Answered(from, header, payload);
                break;
        }
    }

    private void Answer(WorkerId to, PacketHeader header, byte[] payload)
    {
        var complete = header with { Incarnation = Endpoint.Incarnation, Floor = outbox.Floor, Sequence = ++answerCount };
        Post(new Outbound(to, complete, new ReadOnlySequence<byte>(payload), IsBulk: false));
    }

    private void Post(Outbound packet) => pump.Post(packet);

    private void Wake() => pump.Wake();

    private void OnTaken(long bytes)
    {
        lock (gate)
        {
            inbox.Taken(bytes);
        }
    }

    private void Tick()
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            outbox.Tick();
            inbox.Tick();
            if (!outbox.HasWork && !inbox.HasWork)
            {
                isTicking = false;
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>An idle channel has no timer: fifty of them cost nothing.</summary>
    private void KeepTicking()
    {
        if (!isTicking && (outbox.HasWork || inbox.HasWork))
        {
            isTicking = true;
            timer.Change(TickPeriod, TickPeriod);
        }
    }

    private void Disbelieve(Func<ChannelDrops, ChannelDrops> count, WorkerId from, string why)
    {
        bool isNews;
        lock (gate)
        {
            drops = count(drops);
            isNews = complainedAbout.Count < 64 && complainedAbout.Add(why);
        }

        if (isNews)
        {
            LogDisbelief(from, Endpoint.Channel, Endpoint.Self, why);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A packet said to come from {From} on {Channel} was dropped by {Self}: {Why}. More of this kind are only counted.")]
    private partial void LogDisbelief(WorkerId from, ChannelName channel, WorkerId self, string why);
}
