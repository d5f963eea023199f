using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlameEdge.Parameters.Codecs;

/// <summary>Values as they are: IEEE 754 binary32, little-endian.</summary>
public sealed class Float32Values : ValueFormat
{
    /// <inheritdoc/>
    public override string Name => "float32";

    /// <inheritdoc/>
    public override byte Id => 0;

    /// <inheritdoc/>
    public override long BytesOf(int count) => 4L * count;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        MemoryMarshal.AsBytes(values).CopyTo(bytes);
        Reverse(bytes);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer)
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.Cast<byte, float>(bytes);
        }

        var target = MemoryMarshal.AsBytes(buffer);
        bytes.CopyTo(target);
        Reverse(target);
        return buffer;
    }

    private static void Reverse(Span<byte> bytes)
    {
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<byte, int>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
