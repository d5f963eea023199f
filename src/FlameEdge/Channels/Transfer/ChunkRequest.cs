using System.Buffers.Binary;
using System.Numerics;
using FlameEdge.Diagnostics;

namespace FlameEdge.Channels.Transfer;

/// <summary>The payload of a request: how far the sender may go, and which chunks before that got lost.</summary>
/// <remarks><code>0 credit: chunks below this index may be sent    4 first: a multiple of 64    8 bitmap of the missing from there, 64 bits at a time</code></remarks>
internal static class ChunkRequest
{
    /// <summary>One request lists at most this many chunks; the next lists the rest.</summary>
    public const int MaximumBits = 64 * 1024;

    private const int FixedBytes = 8;

    /// <summary>Writes a request for everything below <paramref name="credit"/> that is in <paramref name="missing"/>; null lists nothing.</summary>
    public static byte[] Write(int credit, ChunkMap? missing)
    {
        var first = missing?.NextFrom(0) ?? -1;
        if (first < 0)
        {
            var bare = new byte[FixedBytes];
            BinaryPrimitives.WriteInt32LittleEndian(bare, credit);
            return bare;
        }

        first &= ~63;
        var span = Math.Min(missing!.Size - first, MaximumBits); // not null: it had a first element
        var bytes = new byte[FixedBytes + (span + 63) / 64 * 8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, credit);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), first);
        var last = FixedBytes;
        for (var index = missing.NextFrom(first); index >= 0 && index < first + span; index = missing.NextFrom(index + 1))
        {
            var bit = index - first;
            bytes[FixedBytes + (bit >> 3)] |= (byte)(1 << (bit & 7));
            last = FixedBytes + (bit >> 6) * 8 + 8;
        }

        return bytes[..last];
    }

    /// <summary>Reads a request about a message of <paramref name="chunkCount"/> chunks and tells <paramref name="missing"/> each lost index.</summary>
    /// <exception cref="PayloadException">It is truncated or speaks of chunks that do not exist.</exception>
    public static int Read(ReadOnlySpan<byte> payload, int chunkCount, Action<int> missing)
    {
        if (payload.Length < FixedBytes || payload.Length % 8 != 0 || payload.Length > FixedBytes + MaximumBits / 8)
        {
            throw new PayloadException($"a request of {payload.Length} bytes has no bitmap of whole words");
        }

        var credit = BinaryPrimitives.ReadInt32LittleEndian(payload);
        var first = BinaryPrimitives.ReadInt32LittleEndian(payload[4..]);
        if (credit < 0 || credit > chunkCount || first < 0 || first % 64 != 0 || (first > 0 && first >= chunkCount))
        {
            throw new PayloadException($"a request for chunks from {first} up to {credit} of {chunkCount} makes no sense");
        }

        // Checked whole before anything is told, so that a hostile tail has no effect at all.
        Visit(payload[FixedBytes..], first, chunkCount, static _ => { });
        Visit(payload[FixedBytes..], first, chunkCount, missing);
        return credit;
    }

    private static void Visit(ReadOnlySpan<byte> bitmap, int first, int chunkCount, Action<int> missing)
    {
        for (var offset = 0; offset < bitmap.Length; offset += 8)
        {
            for (var bits = BinaryPrimitives.ReadUInt64LittleEndian(bitmap[offset..]); bits != 0; bits &= bits - 1)
            {
                var index = (long)first + offset * 8L + BitOperations.TrailingZeroCount(bits);
                if (index >= chunkCount)
                {
                    throw new PayloadException($"a request asks for chunk {index} of {chunkCount}");
                }

                missing((int)index);
            }
        }
    }
}
