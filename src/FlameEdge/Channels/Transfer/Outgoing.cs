using System.Buffers;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>A message on its way to one worker or to all of a role. Not thread-safe: its exchange's lock guards it.</summary>
/// <remarks>The body is streamed once, as far as the credit of the quorum-th fastest receiver goes. What a receiver then reports lost is sent
/// again: to all where several lost the same chunk, else to it alone.</remarks>
internal sealed class Outgoing
{
    // Reports of the same loss arrive close together; gathering them turns many repairs into one.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(30);

    // A receiver that has not answered for this many repetitions no longer sets the pace.
    private const int PauseCountOfSilence = 4;

    private readonly TimeProvider time;
    private readonly TransferOptions options;
    private readonly List<(int Index, WorkerId? To)> onTheWay = [];
    private int cursor;
    private int pace;
    private bool isPaceStale = true;
    private long lossReportedAt;

    public Outgoing(ulong id, Message message, UInt128 hash, int chunkBytes, IEnumerable<Peer> targets, bool isBroadcast, int quorum, TimeSpan repeatAfter, TransferOptions options, TimeProvider time)
    {
        Id = id;
        Message = message;
        IsBroadcast = isBroadcast;
        Quorum = quorum;
        ChunkBytes = chunkBytes;
        Hash = hash;
        this.options = options;
        this.time = time;
        var size = message.Head.Length + message.Body.Length;
        ChunkCount = size <= chunkBytes ? 0 : (int)PacketHeader.CountOf(message.Body.Length, chunkBytes);
        Targets = targets.ToDictionary(peer => peer.Worker, peer => new Target(peer, time.GetTimestamp(), repeatAfter));
    }

    public ulong Id { get; }

    public Message Message { get; }

    public bool IsBroadcast { get; }

    public int Quorum { get; }

    public int ChunkBytes { get; }

    /// <summary>0 where the message is one packet.</summary>
    public int ChunkCount { get; }

    public UInt128 Hash { get; }

    public Dictionary<WorkerId, Target> Targets { get; }

    /// <summary>Completes when enough receivers hold the message; fails for a single receiver that will not.</summary>
    public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A newer broadcast of the same kind has begun.</summary>
    public bool IsSuperseded { get; set; }

    /// <summary>The last chunk may go too.</summary>
    public bool IsReleased => Message.Until is null or { IsCompletedSuccessfully: true };

    public int HeldCount => Targets.Values.Count(target => target.IsHeld);

    /// <summary>Everybody holds it or never will: nothing is left to repair.</summary>
    public bool IsSettled => Targets.Values.All(target => target.IsHeld || target.Refused is not null);

    /// <summary>Somebody present still lacks it.</summary>
    public bool IsOpen => Targets.Values.Any(target => target.IsOpen);

    /// <summary>A receiver's credit or standing has changed.</summary>
    public void Repace() => isPaceStale = true;

    /// <summary>Notes what a receiver asks for.</summary>
    /// <param name="target">Who.</param>
    /// <param name="credit">Chunks below this index may be sent to it.</param>
    /// <param name="isRepair">It says which of them it lacks.</param>
    /// <param name="lost">These.</param>
    public void Request(Target target, int credit, bool isRepair, IEnumerable<int> lost)
    {
        target.Advanced(time.GetTimestamp());
        if (credit > target.Credit)
        {
            target.Credit = credit;
            isPaceStale = true;
        }

        if (isRepair && !IsBroadcast)
        {
            // All it lacks: the rest of a stream that is its alone need not be sent, because a former run of it has that.
            cursor = Math.Max(cursor, credit);
        }

        foreach (var index in lost)
        {
            if (index < cursor && !IsOnTheWay(index, target.Worker))
            {
                (target.Lost ??= new ChunkMap(ChunkCount)).Add(index);
                lossReportedAt = lossReportedAt == 0 ? time.GetTimestamp() : lossReportedAt;
            }
        }
    }

    /// <summary>The next chunk that may be sent now, and to whom (null: to all of the role).</summary>
    public bool TryTakeChunk(out int index, out Target? to)
    {
        if (cursor < Math.Min(Pace(), IsReleased ? ChunkCount : ChunkCount - 1))
        {
            index = cursor++;
            to = IsBroadcast ? null : Targets.Values.First();
        }
        else if (!TryTakeLost(out index, out to))
        {
            return false;
        }

        onTheWay.Add((index, to?.Worker));
        return true;
    }

    /// <summary>A chunk has left this process.</summary>
    public void Sent(int index, Target? to) => onTheWay.Remove((index, to?.Worker));

    /// <summary>The bytes of a chunk, where they lie.</summary>
    public ReadOnlySequence<byte> Chunk(int index)
    {
        var offset = (long)index * ChunkBytes;
        return Message.Body.Slice(offset, Math.Min(ChunkBytes, Message.Body.Length - offset));
    }

    /// <summary>Those who are due to be told again.</summary>
    public List<Target> Due(long now) =>
        [.. Targets.Values.Where(target => target.IsOpen && time.GetElapsedTime(Math.Max(target.HeardAt, target.ToldAt), now) >= target.Pause)];

    private bool TryTakeLost(out int index, out Target? to)
    {
        (index, to) = (-1, null);
        if (lossReportedAt == 0 || (IsBroadcast && time.GetElapsedTime(lossReportedAt) < GatherFor))
        {
            return false;
        }

        foreach (var target in Targets.Values)
        {
            if (target is { IsOpen: true, Lost.Count: > 0 })
            {
                index = target.Lost.NextFrom(0);
                if (index == ChunkCount - 1 && !IsReleased)
                {
                    continue;
                }

                to = TakeFromAll(index) > 1 ? null : target;
                return true;
            }
        }

        lossReportedAt = IsReleased ? 0 : lossReportedAt;
        return false;
    }

    private int TakeFromAll(int index)
    {
        var count = 0;
        foreach (var target in Targets.Values)
        {
            count += target.Lost?.Remove(index) is true && target.IsOpen ? 1 : 0;
        }

        return count;
    }

    private bool IsOnTheWay(int index, WorkerId worker) => onTheWay.Exists(sending => sending.Index == index && (sending.To is null || sending.To == worker));

    /// <summary>How far the stream may go: the credit of the quorum-th fastest of those who answer.</summary>
    private int Pace()
    {
        if (!isPaceStale)
        {
            return pace;
        }

        isPaceStale = false;
        var silence = options.RepeatAfter * PauseCountOfSilence;
        List<int> credits = [.. Targets.Values
            .Where(target => target.IsHeld || (target.IsOpen && (target.Credit > 0 || time.GetElapsedTime(target.HeardAt) < silence)))
            .Select(target => target.IsHeld ? int.MaxValue : target.Credit)
            .OrderDescending()];
        return pace = credits.Count == 0 ? 0 : credits[Math.Clamp(Quorum, 1, credits.Count) - 1];
    }
}
