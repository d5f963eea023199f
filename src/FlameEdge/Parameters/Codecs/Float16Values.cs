using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// IEEE 754 binary16, ties to even: 11 significant bits, magnitudes up to 65 504, gradual underflow below 6.1e-5. A larger magnitude becomes infinite, which a
/// reader refuses.
/// </summary>
public sealed class Float16Values : ValueFormat
{
    /// <inheritdoc/>
    public override string Name => "float16";

    /// <inheritdoc/>
    public override byte Id => 1;

    /// <inheritdoc/>
    public override long BytesOf(int count) => 2L * count;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
        Reverse(bytes);
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer)
    {
        if (BitConverter.IsLittleEndian)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), buffer);
            return buffer;
        }

        for (var i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
        }

        return buffer;
    }

    private static void Reverse(Span<byte> bytes)
    {
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<byte, short>(bytes);
            BinaryPrimitives.ReverseEndianness(words, words);
        }
    }
}
