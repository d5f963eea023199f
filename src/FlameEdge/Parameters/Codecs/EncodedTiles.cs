using System.Buffers;

namespace FlameEdge.Parameters.Codecs;

/// <summary>Values as they stand in a payload, decoded a tile at a time; <paramref name="body"/> has exactly their size.</summary>
internal sealed class EncodedTiles(ReadOnlySequence<byte> body, ValueFormat format, int length) : IValueTiles
{
    // 16 KB of floats and 32 KB of sums stay in the nearest caches between decoding and adding.
    private const int UsualLength = 4096;

    public int Length => length;

    public int TileLength { get; } = LengthFor(format);

    /// <summary>A tile's length: whole blocks.</summary>
    public static int LengthFor(ValueFormat format) => Math.Max(format.Block, UsualLength / format.Block * format.Block);

    /// <summary>Adds the values from <paramref name="start"/> on to as many in <paramref name="target"/> and returns the largest magnitude of the sums.</summary>
    public float AddTo(int start, Span<float> target, Span<float> buffer)
    {
        var bytes = body.Slice(format.BytesOf(start), format.BytesOf(target.Length));
        return bytes.IsSingleSegment ? format.AddTo(bytes.FirstSpan, target, buffer) : ParameterMath.AddAndMeasure(Read(start, buffer[..target.Length]), target);
    }

    public ReadOnlySpan<float> Read(int start, Span<float> buffer)
    {
        // A tile starts with a block, so what stands before it are whole blocks.
        var bytes = body.Slice(format.BytesOf(start), format.BytesOf(buffer.Length));
        if (bytes.IsSingleSegment)
        {
            return format.Read(bytes.FirstSpan, buffer);
        }

        var rented = ArrayPool<byte>.Shared.Rent((int)bytes.Length);
        try
        {
            bytes.CopyTo(rented);
            var values = format.Read(rented.AsSpan(0, (int)bytes.Length), buffer);
            if (values != buffer)
            {
                values.CopyTo(buffer);
            }

            return buffer;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
