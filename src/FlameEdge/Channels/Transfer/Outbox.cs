using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Files;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>The messages a worker is sending, and what their receivers have said about them. Its exchange's lock guards it.</summary>
internal sealed class Outbox(ChannelEndpoint endpoint, TransferOptions options, TimeProvider time, Action<Outbound> post, Action wake)
{
    // A message of one packet above this size travels with the bulk, so that answers never wait behind it.
    private const int SmallBytes = 64 * 1024;

    // How long a slow answer is remembered: longer than most rounds take.
    private static readonly TimeSpan SlowFor = TimeSpan.FromMinutes(5);

    private readonly Dictionary<ulong, Outgoing> outgoing = [];
    private readonly Dictionary<MessageKind, Outgoing> newest = [];
    private readonly List<Outgoing> turns = [];
    private int turn;
    private ulong nextFloor;
    private TimeSpan answerTime;
    private long answeredAt;

    /// <summary>The lowest id that may still be repeated.</summary>
    public ulong Floor => outgoing.Count == 0 ? nextFloor : outgoing.Keys.Min();

    /// <summary>Silence after which a new message is told again: where answers have lately been slow, because a thousand others answer too, to repeat would only make them slower.</summary>
    public TimeSpan RepeatAfter => answerTime * 2 < options.RepeatAfter ? options.RepeatAfter : answerTime * 2 < options.RepeatAtMost ? answerTime * 2 : options.RepeatAtMost;

    /// <summary>Somebody present still lacks something.</summary>
    public bool HasWork => turns.Exists(message => message.IsOpen);

    /// <summary>Begins a message: tells its targets, and supersedes an older broadcast of its kind.</summary>
    public void Begin(Outgoing message)
    {
        if (message.IsBroadcast)
        {
            if (newest.Remove(message.Message.Kind, out var former))
            {
                former.IsSuperseded = true;
                Review(former);
            }

            newest[message.Message.Kind] = message;
        }

        outgoing[message.Id] = message;
        turns.Add(message);
        nextFloor = message.Id + 1;
        Tell(message, message.IsBroadcast ? null : message.Targets.Values.First());
        Review(message);
    }

    /// <summary>Gives a message up; its receivers hear so when they ask.</summary>
    public void Abandon(Outgoing message) => Remove(message);

    /// <summary>A worker is there: what it still lacks is offered again to the same run, and lost to any other.</summary>
    public void Arrived(Peer peer)
    {
        foreach (var message in turns.ToArray())
        {
            if (!message.Targets.TryGetValue(peer.Worker, out var target))
            {
                continue;
            }

            if (target.Incarnation != peer.Incarnation)
            {
                target.IsPresent = false;
            }
            else if (!target.IsPresent)
            {
                target.Returned(time.GetTimestamp());
                if (target.IsOpen)
                {
                    Tell(message, target);
                }
            }

            message.Repace();
            Review(message);
        }
    }

    /// <summary>A worker has left.</summary>
    public void Departed(WorkerId worker)
    {
        foreach (var message in turns.ToArray())
        {
            if (message.Targets.TryGetValue(worker, out var target))
            {
                target.IsPresent = false;
                message.Repace();
                Review(message);
            }
        }

        wake();
    }

    /// <summary>Takes a receiver's answer in.</summary>
    public void Answered(WorkerId from, PacketHeader header, ReadOnlySpan<byte> payload)
    {
        if (!outgoing.TryGetValue(header.MessageId, out var message))
        {
            if (header.Kind is PacketKind.Request or PacketKind.Hold)
            {
                post(new Outbound(from, Header(PacketKind.Gone, header.MessageId, header.Incarnation), default, IsBulk: false));
            }

            return;
        }

        var target = TargetOf(message, from, header.Incarnation);
        switch (header.Kind)
        {
            case PacketKind.Receipt:
                NoteAnswer(message, target);
                target.IsHeld = true;
                target.Lost = null;
                target.Advanced(time.GetTimestamp());
                break;
            case PacketKind.Refusal:
                target.Refused = (RefusalReason)header.Flags;
                break;
            case PacketKind.Hold:
                target.Held(time.GetTimestamp());
                break;
            case PacketKind.Request when header.ChunkCount == message.ChunkCount && header.Sequence > target.Sequence:
                target.Sequence = header.Sequence;
                List<int> lost = [];
                var credit = ChunkRequest.Read(payload, message.ChunkCount, lost.Add);
                message.Request(target, credit, (header.Flags & PacketHeader.RepairFlag) != 0, lost);
                break;
            default:
                return;
        }

        message.Repace();
        Review(message);
        wake();
    }

    /// <summary>Repeats what has met silence and gives up what was silent too long.</summary>
    public void Tick()
    {
        var now = time.GetTimestamp();
        foreach (var message in turns.ToArray())
        {
            Remind(message, message.Due(now));
            message.Repace();
            Review(message);
        }

        wake();
    }

    /// <summary>The connection is new: what was on its way may be lost.</summary>
    public void Reconnected()
    {
        foreach (var message in turns)
        {
            Remind(message, [.. message.Targets.Values.Where(target => target.IsOpen)]);
        }
    }

    /// <summary>The next chunk that may go, taking the messages in turn.</summary>
    public Outbound? TakeChunk()
    {
        for (var tried = 0; tried < turns.Count; tried++)
        {
            turn = (turn + 1) % turns.Count;
            var message = turns[turn];
            if (message.TryTakeChunk(out var index, out var to))
            {
                return new Outbound(to?.Worker, ChunkHeader(message, index, to), message.Chunk(index), IsBulk: true, () => message.Sent(index, to));
            }
        }

        return null;
    }

    /// <summary>Fails everything: this worker leaves.</summary>
    public void Close(string reason)
    {
        foreach (var message in turns)
        {
            message.Completion.TrySetException(new ChannelException($"{reason}: message {message.Message.Kind} of {endpoint.Self} on {endpoint.Channel} was given up"));
        }

        outgoing.Clear();
        newest.Clear();
        turns.Clear();
    }

    // The slowest of late: a small message's way there and back. Where it was told twice nobody knows which time is answered; to count from the first is the patient
    // way, and without those answers whoever is too impatient would never learn it.
    private void NoteAnswer(Outgoing message, Target target)
    {
        if (message.ChunkCount != 0 || target.IsHeld)
        {
            return;
        }

        var taken = time.GetElapsedTime(target.BeganAt);
        if (taken >= answerTime || time.GetElapsedTime(answeredAt) > SlowFor)
        {
            (answerTime, answeredAt) = (taken, time.GetTimestamp());
        }
    }

    private Target TargetOf(Outgoing message, WorkerId from, long incarnation)
    {
        if (message.Targets.TryGetValue(from, out var target) && target.Incarnation == incarnation)
        {
            return target;
        }

        // A newcomer whose arrival this sender had not seen heard a broadcast too: it is served, though nobody waits for it.
        target = new Target(new Peer(from, incarnation, new PeerCard(0)), time.GetTimestamp(), options.RepeatAfter);
        if (message.IsBroadcast)
        {
            message.Targets[from] = target;
        }

        return target;
    }

    private void Remind(Outgoing message, List<Target> due)
    {
        // To tell everybody once more is dear where few are due.
        var isForAll = message.IsBroadcast && due.Count > 1 && due.Count > message.Targets.Count / 2;
        foreach (var target in due)
        {
            target.Told(time.GetTimestamp(), options.RepeatAtMost);
            if (!isForAll)
            {
                Tell(message, target);
            }
        }

        if (isForAll)
        {
            Tell(message, null);
        }
    }

    private void Tell(Outgoing message, Target? to)
    {
        var content = message.Message;
        var header = Header(message.ChunkCount == 0 ? PacketKind.Whole : PacketKind.Offer, message.Id, to?.Incarnation ?? 0) with
        {
            MessageKind = content.Kind,
            Round = content.Round,
            Flags = message.IsBroadcast ? PacketHeader.BroadcastFlag : (byte)0,
            HeadBytes = content.Head.Length,
            BodyBytes = content.Body.Length,
            ContentHash = message.Hash,
            ChunkBytes = message.ChunkBytes,
            ChunkCount = message.ChunkCount,
        };
        var payload = message.ChunkCount == 0 ? BufferSegment.Concat(content.Head, content.Body) : new ReadOnlySequence<byte>(content.Head);
        post(new Outbound(to?.Worker, header, payload, payload.Length > SmallBytes));
    }

    private PacketHeader ChunkHeader(Outgoing message, int index, Target? to) =>
        Header(PacketKind.Chunk, message.Id, to?.Incarnation ?? 0) with
        {
            MessageKind = message.Message.Kind,
            Round = message.Message.Round,
            Flags = message.IsBroadcast ? PacketHeader.BroadcastFlag : (byte)0,
            HeadBytes = message.Message.Head.Length,
            BodyBytes = message.Message.Body.Length,
            ContentHash = message.Hash,
            ChunkBytes = message.ChunkBytes,
            ChunkCount = message.ChunkCount,
            ChunkIndex = index,
        };

    private PacketHeader Header(PacketKind kind, ulong messageId, long to) => new()
    {
        Kind = kind,
        Incarnation = endpoint.Incarnation,
        ToIncarnation = to,
        MessageId = messageId,
        Floor = Floor,
    };

    private void Review(Outgoing message)
    {
        if (!message.Completion.Task.IsCompleted)
        {
            if (message.IsBroadcast)
            {
                ReviewBroadcast(message);
            }
            else
            {
                ReviewSingle(message, message.Targets.Values.First());
            }
        }

        if (message.Completion.Task.IsCompleted && (!message.IsBroadcast || message.IsSuperseded || message.IsSettled))
        {
            Remove(message);
        }
    }

    private void ReviewBroadcast(Outgoing message)
    {
        if (message.HeldCount >= message.Quorum || !message.Targets.Values.Any(target => target.IsOpen && !IsSilent(target)))
        {
            message.Completion.TrySetResult();
        }
    }

    private void ReviewSingle(Outgoing message, Target target)
    {
        if (target.IsHeld)
        {
            message.Completion.TrySetResult();
        }
        else if (!target.IsPresent)
        {
            message.Completion.TrySetException(Failure(target, ChannelFault.PeerLeft, "has left, or runs anew; send again when it joins"));
        }
        else if (target.Refused is { } reason)
        {
            message.Completion.TrySetException(Failure(target, ChannelFault.Refused, $"refuses the message ({reason}, {message.Message.Body.Length} bytes); raise its bound or send less"));
        }
        else if (IsSilent(target))
        {
            message.Completion.TrySetException(Failure(target, ChannelFault.TimedOut, "did not take the message in time; look at its device and the broker's limits"));
        }
    }

    private bool IsSilent(Target target) =>
        time.GetElapsedTime(target.HeardAt) >= options.ReceiptTimeout || time.GetElapsedTime(target.AdvancedAt) >= options.HoldTimeout;

    private ChannelException Failure(Target target, ChannelFault fault, string what) =>
        new($"worker {target.Worker} on channel {endpoint.Channel} of job {endpoint.Job} {what}") { Fault = fault };

    private void Remove(Outgoing message)
    {
        if (outgoing.Remove(message.Id))
        {
            turns.Remove(message);
            if (newest.GetValueOrDefault(message.Message.Kind) == message)
            {
                newest.Remove(message.Message.Kind);
            }
        }
    }
}
