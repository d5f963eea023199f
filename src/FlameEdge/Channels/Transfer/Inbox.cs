using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>The messages on their way to a worker: admitted a few at a time, put together, checked, delivered once. Its exchange's lock guards it.</summary>
internal sealed class Inbox(ChannelEndpoint end, IPacketPort port, TransferOptions options, TimeProvider time, Mailbox mailbox, Func<WorkerId, long?> incarnationOf, Action<WorkerId, PacketHeader, byte[]> answer)
{
    // A sender whose chunks have paused keeps its bytes but not its turn.
    private static readonly TimeSpan TurnTimeout = TimeSpan.FromSeconds(5);

    // Offers beyond are still told to hold; their senders repeat them.
    private const int WaitingCapacity = 256;

    private readonly Dictionary<(WorkerId From, ulong MessageId), Incoming> assembling = [];
    private readonly LinkedList<Waiting> waiting = [];
    private readonly Dictionary<WorkerId, DeliveredLog> delivered = [];

    // What the way from a sender carried last: its next message begins with it. Forgotten with the connection, which may be another way.
    private readonly Dictionary<WorkerId, int> windows = [];
    private long heldBytes;

    /// <summary>The most bytes ever being assembled or waiting for the role.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Something is being assembled or waits for room.</summary>
    public bool HasWork => assembling.Count > 0 || waiting.Count > 0;

    /// <summary>A message in one packet.</summary>
    public void TakeWhole(WorkerId from, PacketHeader header, ReadOnlySpan<byte> payload)
    {
        var log = LogOf(from, header);
        if (log.IsSettled(header.MessageId))
        {
            return;
        }

        if (!log.Has(header.MessageId))
        {
            if (!mailbox.TryReserve())
            {
                Answer(from, header, PacketKind.Hold);
                return;
            }

            var bytes = payload.ToArray();
            log.Add(header.MessageId);
            mailbox.Deliver(new MessageArrived(from, header.Incarnation, new Message
            {
                Kind = header.MessageKind,
                Round = header.Round,
                Head = bytes.AsMemory(0, header.HeadBytes),
                Body = new(bytes.AsMemory(header.HeadBytes)),
            }));
        }

        Answer(from, header, PacketKind.Receipt);
    }

    /// <summary>A message too long for one packet is offered, perhaps again.</summary>
    public void TakeOffer(WorkerId from, PacketHeader header, ReadOnlySpan<byte> payload)
    {
        var log = LogOf(from, header);
        if (log.IsSettled(header.MessageId))
        {
            return;
        }

        if (log.Has(header.MessageId))
        {
            Answer(from, header, PacketKind.Receipt);
            return;
        }

        if (assembling.TryGetValue((from, header.MessageId), out var incoming))
        {
            if (incoming.Matches(header))
            {
                Answer(from, header, PacketKind.Hold);
                return;
            }

            Drop(incoming);
        }

        DropSuperseded(from, header);
        var isRepeated = header.ToIncarnation != 0 && (header.Flags & PacketHeader.BroadcastFlag) != 0;
        if (header.BodyBytes > options.MaximumAssemblyBytes)
        {
            Answer(from, header, PacketKind.Refusal, (byte)RefusalReason.TooLarge);
        }
        else if (waiting.Count == 0 && HasRoomFor(header.BodyBytes))
        {
            Start(from, header, payload.ToArray(), isRepeated);
        }
        else
        {
            Queue(new Waiting(from, header, payload.ToArray()));
            Answer(from, header, PacketKind.Hold);
        }
    }

    /// <summary>A piece of a body.</summary>
    public void TakeChunk(WorkerId from, PacketHeader header, ReadOnlySpan<byte> payload)
    {
        if (!assembling.TryGetValue((from, header.MessageId), out var incoming) || incoming.Offer.Incarnation != header.Incarnation)
        {
            return;
        }

        if (!incoming.Matches(header))
        {
            throw new PayloadException($"a chunk of message {header.MessageId} does not fit its offer");
        }

        try
        {
            if (!incoming.Take(header.ChunkIndex, payload, WindowFor(header.ChunkBytes)))
            {
                return;
            }
        }
        catch (IOException)
        {
            Refuse(incoming, RefusalReason.NoSpace);
            return;
        }

        if (incoming.IsComplete)
        {
            Complete(incoming);
        }
        else if (incoming.Refill())
        {
            Request(incoming);
        }
    }

    /// <summary>A sender no longer offers a message.</summary>
    public void TakeGone(WorkerId from, ulong messageId)
    {
        if (assembling.TryGetValue((from, messageId), out var incoming))
        {
            Drop(incoming);
        }

        RemoveWaiting(entry => entry.From == from && entry.Offer.MessageId == messageId);
        Admit();
    }

    /// <summary>A worker is there: a partial message of the same run goes on, one of another run is void.</summary>
    public void Arrived(Peer peer)
    {
        foreach (var incoming in assembling.Values.Where(incoming => incoming.From == peer.Worker).ToArray())
        {
            if (incoming.Offer.Incarnation != peer.Incarnation)
            {
                Drop(incoming, isKept: true);
            }
            else
            {
                Resume(incoming);
            }
        }

        Admit();
    }

    /// <summary>Asks again where nothing comes, frees what was given up, admits whom there is room for.</summary>
    public void Tick()
    {
        foreach (var incoming in assembling.Values.ToArray())
        {
            if (time.GetElapsedTime(incoming.ProgressAt) >= options.AssemblyTimeout)
            {
                Drop(incoming, isKept: true);
            }
            else if (incoming.IsStalled(port.Silence) && IsThere(incoming.From, incoming.Offer.Incarnation))
            {
                Resume(incoming);
            }
        }

        Admit();
    }

    /// <summary>The connection is new: what was on its way may be lost.</summary>
    public void Reconnected()
    {
        windows.Clear();
        foreach (var incoming in assembling.Values)
        {
            Resume(incoming);
        }
    }

    /// <summary>The role has taken a message of so many bytes.</summary>
    public void Taken(long bytes)
    {
        heldBytes -= bytes;
        Admit();
    }

    /// <summary>Drops everything partial, but for what another run may go on with; what was delivered stays known.</summary>
    public void Close()
    {
        foreach (var incoming in assembling.Values.ToArray())
        {
            Drop(incoming, isKept: true);
        }

        waiting.Clear();
    }

    private DeliveredLog LogOf(WorkerId from, PacketHeader header)
    {
        if (!delivered.TryGetValue(from, out var log))
        {
            delivered[from] = log = new DeliveredLog();
        }

        log.Follow(header.Incarnation, header.Floor);
        return log;
    }

    private bool IsThere(WorkerId worker, long incarnation) => incarnationOf(worker) == incarnation;

    private bool HasRoomFor(long bytes)
    {
        if (assembling.Values.Count(incoming => time.GetElapsedTime(incoming.ProgressAt) < TurnTimeout) >= options.MaximumAssemblies)
        {
            return false;
        }

        foreach (var abandoned in assembling.Values.Where(incoming => !IsThere(incoming.From, incoming.Offer.Incarnation)).ToArray())
        {
            if (heldBytes + bytes <= options.MaximumAssemblyBytes)
            {
                break;
            }

            Drop(abandoned);
        }

        return heldBytes + bytes <= options.MaximumAssemblyBytes;
    }

    private int WindowFor(int chunkBytes)
    {
        var (packets, bytes) = port.Room;
        var chunks = Math.Min(packets, Math.Min(options.WindowBytes, bytes) / chunkBytes);
        return (int)Math.Max(1, chunks / Math.Max(1, assembling.Count));
    }

    private int FirstWindowOf(WorkerId from, int chunkBytes) => Math.Min(windows.GetValueOrDefault(from, Incoming.FirstWindow), WindowFor(chunkBytes));

    private void Start(WorkerId from, PacketHeader offer, byte[] head, bool isRepair)
    {
        Incoming incoming;
        try
        {
            incoming = new Incoming(from, offer, head, isRepair, FirstWindowOf(from, offer.ChunkBytes), end, options, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Answer(from, offer, PacketKind.Refusal, (byte)RefusalReason.NoSpace);
            return;
        }

        assembling[(from, offer.MessageId)] = incoming;
        heldBytes += offer.BodyBytes;
        PeakBytes = Math.Max(PeakBytes, heldBytes);
        if (incoming.IsComplete)
        {
            Complete(incoming);
            return;
        }

        incoming.Refill();
        Request(incoming);
    }

    private void Resume(Incoming incoming)
    {
        incoming.Stall();
        Request(incoming);
    }

    private void Request(Incoming incoming) =>
        answer(incoming.From, AnswerTo(incoming.Offer, PacketKind.Request, incoming.IsRepair ? PacketHeader.RepairFlag : (byte)0) with { ChunkCount = incoming.Offer.ChunkCount }, incoming.ToRequest());

    private void Complete(Incoming incoming)
    {
        if (!incoming.IsVerified())
        {
            if (incoming.StartOver())
            {
                incoming.Refill();
                Request(incoming);
            }
            else
            {
                Refuse(incoming, RefusalReason.Corrupt);
            }

            return;
        }

        assembling.Remove((incoming.From, incoming.Offer.MessageId));
        windows[incoming.From] = incoming.Window;
        LogOf(incoming.From, incoming.Offer).Add(incoming.Offer.MessageId);
        mailbox.Deliver(new MessageArrived(incoming.From, incoming.Offer.Incarnation, incoming.Message, new BufferOwner(incoming.Dispose)), incoming.Offer.BodyBytes);
        Answer(incoming.From, incoming.Offer, PacketKind.Receipt);
        Admit();
    }

    private void Refuse(Incoming incoming, RefusalReason reason)
    {
        Drop(incoming);
        Answer(incoming.From, incoming.Offer, PacketKind.Refusal, (byte)reason);
        Admit();
    }

    private void Drop(Incoming incoming, bool isKept = false)
    {
        if (assembling.Remove((incoming.From, incoming.Offer.MessageId)))
        {
            heldBytes -= incoming.Offer.BodyBytes;
            if (isKept)
            {
                incoming.Suspend();
            }
            else
            {
                incoming.Dispose();
            }
        }
    }

    /// <summary>A newer broadcast of a kind makes partial older ones worthless.</summary>
    private void DropSuperseded(WorkerId from, PacketHeader header)
    {
        if ((header.Flags & PacketHeader.BroadcastFlag) == 0)
        {
            return;
        }

        bool IsOlder(WorkerId sender, PacketHeader offer) =>
            sender == from && offer.MessageKind == header.MessageKind && (offer.Flags & PacketHeader.BroadcastFlag) != 0 && offer.MessageId < header.MessageId;

        foreach (var older in assembling.Values.Where(incoming => IsOlder(incoming.From, incoming.Offer)).ToArray())
        {
            Drop(older);
        }

        RemoveWaiting(entry => IsOlder(entry.From, entry.Offer));
    }

    private void Queue(Waiting entry)
    {
        if (waiting.Count < WaitingCapacity && !waiting.Any(known => known.From == entry.From && known.Offer.MessageId == entry.Offer.MessageId))
        {
            waiting.AddLast(entry);
        }
    }

    private void Admit()
    {
        while (waiting.First is { } next)
        {
            var (from, offer, head) = next.Value;
            var isVoid = !IsThere(from, offer.Incarnation) || LogOf(from, offer).Has(offer.MessageId);
            if (!isVoid && !HasRoomFor(offer.BodyBytes))
            {
                return;
            }

            waiting.RemoveFirst();
            if (!isVoid)
            {
                // By now a broadcast's stream may have passed.
                Start(from, offer, head, (offer.Flags & PacketHeader.BroadcastFlag) != 0);
            }
        }
    }

    private void RemoveWaiting(Predicate<Waiting> matches)
    {
        for (var node = waiting.First; node is not null;)
        {
            var next = node.Next;
            if (matches(node.Value))
            {
                waiting.Remove(node);
            }

            node = next;
        }
    }

    private void Answer(WorkerId to, PacketHeader about, PacketKind kind, byte flags = 0) => answer(to, AnswerTo(about, kind, flags), []);

    private static PacketHeader AnswerTo(PacketHeader about, PacketKind kind, byte flags) => new()
    {
        Kind = kind,
        MessageKind = about.MessageKind,
        Flags = flags,
        Incarnation = 0,
        ToIncarnation = about.Incarnation,
        MessageId = about.MessageId,
        Round = about.Round,
    };

    private sealed record Waiting(WorkerId From, PacketHeader Offer, byte[] Head);
}
