using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Diagnostics;
using FlameEdge.Files;

namespace FlameEdge.Channels.Transfer;

/// <summary>The fixed little-endian head of every packet; 96 bytes, then the payload its kind calls for.</summary>
/// <remarks>
/// <code>
///  0 magic "FECH"        4 version 1          5 packet kind      6 message kind   7 flags
///  8 incarnation of who publishes            16 incarnation addressed, 0 = anybody
/// 24 message id, unique per incarnation      32 floor: messages below this id are settled
/// 40 sequence            44 round            48 chunk index     52 chunk count
/// 56 chunk bytes         60 head bytes       64 body bytes
/// 72 XXH128 of head and body                 88 XXH3 of bytes 0..88 and the payload
/// </code>
/// The MQTT topic names the sender, so no name stands here. <see cref="Read"/> checks every length against every other before anybody allocates by it.
/// </remarks>
public readonly record struct PacketHeader
{
    /// <summary>Bytes of the header.</summary>
    public const int Size = 96;

    /// <summary>The longest chunk any version will accept.</summary>
    public const int MaximumChunkBytes = 16 * 1024 * 1024;

    /// <summary>The most chunks of one message; their bitmap is 2 MiB.</summary>
    public const int MaximumChunkCount = 1 << 24;

    /// <summary>Flag of a message that goes to everybody of a role.</summary>
    public const byte BroadcastFlag = 1;

    /// <summary>Flag of a request that also lists what got lost.</summary>
    public const byte RepairFlag = 1;

    private const uint Magic = 0x48434546; // "FECH"
    private const byte Version = 1;
    private const int ChecksumOffset = 88;

    /// <summary>What the packet does.</summary>
    public required PacketKind Kind { get; init; }

    /// <summary>What the message is about.</summary>
    public MessageKind MessageKind { get; init; }

    /// <summary>Meaning by kind: <see cref="BroadcastFlag"/>, <see cref="RepairFlag"/> or a <see cref="RefusalReason"/>.</summary>
    public byte Flags { get; init; }

    /// <summary>The run of the worker that publishes this packet.</summary>
    public required long Incarnation { get; init; }

    /// <summary>The run of the worker it is meant for; 0 for whoever listens.</summary>
    public long ToIncarnation { get; init; }

    /// <summary>The message it is part of, or answers; counted by that message's sender.</summary>
    public required ulong MessageId { get; init; }

    /// <summary>The publisher repeats no message of its own below this id, so a receiver may forget them.</summary>
    public ulong Floor { get; init; }

    /// <summary>Counts a receiver's answers to one message: an older one that arrives later is ignored.</summary>
    public uint Sequence { get; init; }

    /// <summary>The message's round.</summary>
    public int Round { get; init; }

    /// <summary>Which chunk, from 0.</summary>
    public int ChunkIndex { get; init; }

    /// <summary>How many chunks; 0 where the message is one packet.</summary>
    public int ChunkCount { get; init; }

    /// <summary>Bytes of every chunk but the last.</summary>
    public int ChunkBytes { get; init; }

    /// <summary>Bytes of the message's head.</summary>
    public int HeadBytes { get; init; }

    /// <summary>Bytes of the message's body.</summary>
    public long BodyBytes { get; init; }

    /// <summary>XXH128 of head and body.</summary>
    public UInt128 ContentHash { get; init; }

    /// <summary>Bytes of the chunk at <paramref name="index"/>.</summary>
    public int LengthOf(int index) => (int)Math.Min(ChunkBytes, BodyBytes - (long)index * ChunkBytes);

    /// <summary>How many chunks of <paramref name="chunkBytes"/> a body needs.</summary>
    public static long CountOf(long bodyBytes, int chunkBytes) => (bodyBytes + chunkBytes - 1) / chunkBytes;

    /// <summary>The packet: this header, its checksum, and the payload as it stands.</summary>
    public ReadOnlySequence<byte> ToPacket(ReadOnlySequence<byte> payload)
    {
        var bytes = new byte[Size];
        WriteFields(bytes);
        var checksum = new XxHash3();
        checksum.Append(bytes.AsSpan(0, ChecksumOffset));
        foreach (var part in payload)
        {
            checksum.Append(part.Span);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(ChecksumOffset), checksum.GetCurrentHashAsUInt64());
        return payload.IsEmpty ? new ReadOnlySequence<byte>(bytes) : BufferSegment.Concat(bytes, payload);
    }

    /// <summary>Reads a packet; everything that can be said about it without knowing its sender has been checked.</summary>
    /// <exception cref="PayloadException">It is truncated, damaged or contradicts itself.</exception>
    public static PacketHeader Read(ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> payload)
    {
        if (packet.Length < Size)
        {
            throw new PayloadException($"a packet of {packet.Length} bytes is shorter than its header of {Size}");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(packet) != Magic || packet[4] != Version)
        {
            throw new PayloadException("not a FlameEdge packet of version 1");
        }

        payload = packet[Size..];
        var checksum = new XxHash3();
        checksum.Append(packet[..ChecksumOffset]);
        checksum.Append(payload);
        if (checksum.GetCurrentHashAsUInt64() != BinaryPrimitives.ReadUInt64LittleEndian(packet[ChecksumOffset..]))
        {
            throw new PayloadException("a packet's checksum does not match its bytes");
        }

        var header = ReadFields(packet);
        header.RequireSense(payload.Length);
        return header;
    }

    private static PacketHeader ReadFields(ReadOnlySpan<byte> packet) => new()
    {
        Kind = (PacketKind)packet[5],
        MessageKind = (MessageKind)packet[6],
        Flags = packet[7],
        Incarnation = BinaryPrimitives.ReadInt64LittleEndian(packet[8..]),
        ToIncarnation = BinaryPrimitives.ReadInt64LittleEndian(packet[16..]),
        MessageId = BinaryPrimitives.ReadUInt64LittleEndian(packet[24..]),
        Floor = BinaryPrimitives.ReadUInt64LittleEndian(packet[32..]),
        Sequence = BinaryPrimitives.ReadUInt32LittleEndian(packet[40..]),
        Round = BinaryPrimitives.ReadInt32LittleEndian(packet[44..]),
        ChunkIndex = BinaryPrimitives.ReadInt32LittleEndian(packet[48..]),
        ChunkCount = BinaryPrimitives.ReadInt32LittleEndian(packet[52..]),
        ChunkBytes = BinaryPrimitives.ReadInt32LittleEndian(packet[56..]),
        HeadBytes = BinaryPrimitives.ReadInt32LittleEndian(packet[60..]),
        BodyBytes = BinaryPrimitives.ReadInt64LittleEndian(packet[64..]),
        ContentHash = BinaryPrimitives.ReadUInt128LittleEndian(packet[72..]),
    };

    private void WriteFields(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        bytes[4] = Version;
        bytes[5] = (byte)Kind;
        bytes[6] = (byte)MessageKind;
        bytes[7] = Flags;
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], ToIncarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], MessageId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], Floor);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[44..], Round);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[48..], ChunkIndex);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[52..], ChunkCount);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[56..], ChunkBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[60..], HeadBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], BodyBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[72..], ContentHash);
    }

    private void RequireSense(int payloadBytes)
    {
        var isSane = HeadBytes is >= 0 and <= MessageLimits.HeadBytes && BodyBytes >= 0 && Incarnation >= 0 && ToIncarnation >= 0 && Kind switch
        {
            PacketKind.Whole => ChunkCount == 0 && ChunkIndex == 0 && payloadBytes == HeadBytes + BodyBytes,
            PacketKind.Offer => HasGeometry && ChunkIndex == 0 && payloadBytes == HeadBytes,
            PacketKind.Chunk => HasGeometry && (uint)ChunkIndex < (uint)ChunkCount && payloadBytes == LengthOf(ChunkIndex),
            PacketKind.Request => ChunkCount is > 0 and <= MaximumChunkCount,
            PacketKind.Receipt or PacketKind.Hold or PacketKind.Refusal or PacketKind.Gone => payloadBytes == 0,
            _ => false,
        };
        if (!isSane)
        {
            throw new PayloadException($"a packet of kind {(byte)Kind} contradicts itself: {payloadBytes} bytes of payload, chunk {ChunkIndex} of {ChunkCount} × {ChunkBytes}, head {HeadBytes}, body {BodyBytes}");
        }
    }

    private bool HasGeometry =>
        ChunkBytes is > 0 and <= MaximumChunkBytes && ChunkCount is > 0 and <= MaximumChunkCount && ChunkCount == CountOf(BodyBytes, ChunkBytes);
}
