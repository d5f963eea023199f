using System.Buffers;
using System.IO.Hashing;
using FlameEdge.Topology;

namespace FlameEdge.Channels.Transfer;

/// <summary>A message being put together. Not thread-safe: its exchange's lock guards it.</summary>
/// <remarks>It asks for a window of chunks and refills it half-way. The window grows with every chunk that arrives and halves at a stall, and never
/// exceeds what the link has shown to carry in a second.</remarks>
internal sealed class Incoming : IDisposable
{
    /// <summary>Chunks first asked for from a sender that is not known yet.</summary>
    public const int FirstWindow = 4;

    private const int MaximumStallFactor = 10;
    private static readonly TimeSpan RatePeriod = TimeSpan.FromSeconds(1);

    private readonly TimeProvider time;
    private readonly TransferOptions options;
    private readonly AssemblyBuffer buffer;
    private readonly ChunkMap here;
    private readonly ChunkMap awaited;
    private readonly ChunkMap listed;
    // Of what is awaited alone, which a window bounds: an offer may speak of millions of chunks.
    private readonly Dictionary<int, int> askedIn = [];
    private XxHash128 hash = new();
    private int hashedCount;
    private int furthest = -1;
    private int nextToAsk;
    private int window;
    private int carriedInPeriod;
    private int carriedInSecond = int.MaxValue;
    private long periodStart;
    private TimeSpan stallAfter;
    private int tries;
    private bool isAllLost;
    private int requests;
    private (int Request, int Index) newest;

    public Incoming(WorkerId from, PacketHeader offer, byte[] head, bool isRepair, int window, ChannelEndpoint end, TransferOptions options, TimeProvider time)
    {
        From = from;
        Offer = offer;
        Head = head;
        IsRepair = isRepair;
        this.window = window;
        this.options = options;
        this.time = time;
        here = new ChunkMap(offer.ChunkCount);
        buffer = AssemblyBuffer.For(end, from, offer, here, options);
        awaited = new ChunkMap(offer.ChunkCount);
        listed = new ChunkMap(offer.ChunkCount);
        stallAfter = options.StallAfter;
        ProgressAt = periodStart = time.GetTimestamp();
        hash.Append(head);
        HashHere();
        IsRepair |= here.Count > 0;
    }

    public WorkerId From { get; }

    public PacketHeader Offer { get; }

    public byte[] Head { get; }

    /// <summary>The stream has passed or was broken: every request also lists what it is for.</summary>
    public bool IsRepair { get; private set; }

    /// <summary>Chunks asked for at once; where the next message of this sender may begin.</summary>
    public int Window => window;

    /// <summary>When a chunk last arrived (a timestamp).</summary>
    public long ProgressAt { get; private set; }

    /// <summary>When the missing were last asked for (a timestamp).</summary>
    public long AskedAt { get; private set; }

    /// <summary>All of it is here; of a body that was kept in a file, perhaps from the start.</summary>
    public bool IsComplete => here.Count == Offer.ChunkCount;

    /// <summary>Nothing has come for so long that what was asked for is taken for lost. Where other bytes do come, and no later chunk has overtaken it, it is more likely to wait in their line.</summary>
    /// <param name="silence">Since anything came by the way it would come.</param>
    public bool IsStalled(TimeSpan silence)
    {
        var isInLine = silence < options.StallAfter && !IsOvertaken;
        return time.GetElapsedTime(Math.Max(ProgressAt, AskedAt)) >= (isInLine ? stallAfter * MaximumStallFactor : stallAfter);
    }

    // A stream keeps its order: what is missing before what has come was dropped.
    private bool IsOvertaken => awaited.Count > 0 && awaited.NextFrom(0) < furthest;

    public Message Message => new()
    {
        Kind = Offer.MessageKind,
        Round = Offer.Round,
        Head = Head,
        Body = buffer.ToSequence(),
    };

    /// <summary>Whether an offer is about this very content.</summary>
    public bool Matches(PacketHeader offer) =>
        offer.ContentHash == Offer.ContentHash && offer.BodyBytes == Offer.BodyBytes && offer.ChunkBytes == Offer.ChunkBytes && offer.ChunkCount == Offer.ChunkCount;

    /// <summary>Takes a chunk in; false if it was here already.</summary>
    /// <exception cref="IOException">The assembly folder cannot be written.</exception>
    public bool Take(int index, ReadOnlySpan<byte> bytes, int windowLimit)
    {
        if (here.Has(index))
        {
            return false;
        }

        buffer.Write((long)index * Offer.ChunkBytes, bytes);
        here.Add(index);
        awaited.Remove(index);
        askedIn.Remove(index, out var request);
        newest = (request, index).CompareTo(newest) > 0 ? (request, index) : newest;
        furthest = Math.Max(furthest, index);
        HashOn(index, bytes);
        ProgressAt = time.GetTimestamp();
        stallAfter = options.StallAfter;
        Measure();
        window = Math.Max(1, Math.Min(window + 1, Math.Min(windowLimit, carriedInSecond)));
        return true;
    }

    /// <summary>Widens the request if half the window has arrived; true if there is something to ask for.</summary>
    public bool Refill()
    {
        if (nextToAsk >= Offer.ChunkCount || awaited.Count > window / 2)
        {
            return false;
        }

        var from = nextToAsk;
        while (nextToAsk < Offer.ChunkCount && awaited.Count < window)
        {
            if (!here.Has(nextToAsk))
            {
                awaited.Add(nextToAsk);
            }

            nextToAsk++;
        }

        return nextToAsk > from;
    }

    /// <summary>Takes what was asked for as lost: asks again, for less, and waits longer.</summary>
    public void Stall()
    {
        (IsRepair, isAllLost) = (true, true);
        window = Math.Max(1, window / 2);
        stallAfter = stallAfter * 2 < options.StallAfter * MaximumStallFactor ? stallAfter * 2 : options.StallAfter * MaximumStallFactor;
        Refill();
    }

    /// <summary>The payload of the request to make now. What was asked for before is asked for again only where it is taken for lost, or later ones have come: the rest is under way and would come twice.</summary>
    public byte[] ToRequest()
    {
        AskedAt = time.GetTimestamp();
        requests++;
        listed.Clear();
        for (var index = awaited.NextFrom(0); index >= 0; index = awaited.NextFrom(index + 1))
        {
            // Chunks come in the order they are asked for.
            if (isAllLost || !askedIn.TryGetValue(index, out var request) || (request, index).CompareTo(newest) < 0)
            {
                listed.Add(index);
                askedIn[index] = requests;
            }
        }

        isAllLost = false;
        return ChunkRequest.Write(nextToAsk, IsRepair ? listed : null);
    }

    /// <summary>Whether the complete content is what was offered.</summary>
    public bool IsVerified() => hash.GetCurrentHashAsUInt128() == Offer.ContentHash;

    /// <summary>Throws the content away to have it sent again; false when that was tried too often.</summary>
    public bool StartOver()
    {
        here.Clear();
        awaited.Clear();
        askedIn.Clear();
        (nextToAsk, furthest, hashedCount, IsRepair) = (0, -1, 0, true);
        hash = new XxHash128();
        hash.Append(Head);
        buffer.StartOver();
        return ++tries < options.MaximumTries;
    }

    public void Dispose() => buffer.Dispose();

    /// <summary>Gives its room back, but not what lies in a file.</summary>
    public void Suspend() => buffer.Suspend();

    /// <summary>Hashes in order while the bytes are in the cache; what came early is read back.</summary>
    private void HashOn(int index, ReadOnlySpan<byte> bytes)
    {
        if (index != hashedCount)
        {
            return;
        }

        Append(bytes);
        hashedCount++;
        HashHere();
    }

    /// <summary>Goes on with what is here already.</summary>
    private void HashHere()
    {
        if (hashedCount >= Offer.ChunkCount || !here.Has(hashedCount))
        {
            return;
        }

        var early = ArrayPool<byte>.Shared.Rent(Offer.ChunkBytes);
        for (; hashedCount < Offer.ChunkCount && here.Has(hashedCount); hashedCount++)
        {
            var chunk = early.AsSpan(0, Offer.LengthOf(hashedCount));
            buffer.Read((long)hashedCount * Offer.ChunkBytes, chunk);
            Append(chunk);
        }

        ArrayPool<byte>.Shared.Return(early);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        hash.Append(bytes);
        buffer.Follow(bytes);
    }

    private void Measure()
    {
        carriedInPeriod++;
        var elapsed = time.GetElapsedTime(periodStart);
        if (elapsed >= RatePeriod)
        {
            carriedInSecond = Math.Max(1, (int)(carriedInPeriod / elapsed.TotalSeconds));
            carriedInPeriod = 0;
            periodStart = time.GetTimestamp();
        }
    }
}
