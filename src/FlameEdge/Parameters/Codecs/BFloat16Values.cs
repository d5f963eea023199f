using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FlameEdge.Parameters.Codecs;

/// <summary>The upper half of a binary32 after rounding to nearest, ties to even: 8 significant bits over the whole range of float32, subnormals kept.</summary>
public sealed class BFloat16Values : ValueFormat
{
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;
    private const uint QuietBit = 0x0040_0000;

    /// <inheritdoc/>
    public override string Name => "bfloat16";

    /// <inheritdoc/>
    public override byte Id => 2;

    /// <inheritdoc/>
    public override long BytesOf(int count) => 2L * count;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        var source = MemoryMarshal.Cast<float, uint>(values);
        var target = MemoryMarshal.Cast<byte, ushort>(bytes);
        var i = 0;
        for (; i <= source.Length - (2 * Vector<uint>.Count); i += 2 * Vector<uint>.Count)
        {
            Vector.Narrow(Rounded(new Vector<uint>(source[i..])), Rounded(new Vector<uint>(source[(i + Vector<uint>.Count)..]))).CopyTo(target[i..]);
        }

        for (; i < source.Length; i++)
        {
            target[i] = (ushort)Rounded(source[i]);
        }

        if (!BitConverter.IsLittleEndian)
        {
            BinaryPrimitives.ReverseEndianness(target, target);
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer)
    {
        var source = MemoryMarshal.Cast<byte, ushort>(bytes);
        var target = MemoryMarshal.Cast<float, uint>(buffer);
        var i = 0;
        for (; BitConverter.IsLittleEndian && i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var lower, out var upper);
            (lower << 16).CopyTo(target[i..]);
            (upper << 16).CopyTo(target[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            target[i] = (uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16;
        }

        return buffer;
    }

    // Adding just under half of the last kept bit, and one more where that bit is odd, carries exactly when round-half-even does. A NaN must not carry into an infinity.
    private static Vector<uint> Rounded(Vector<uint> bits)
    {
        var rounded = (bits + new Vector<uint>(0x7FFF) + ((bits >> 16) & Vector<uint>.One)) >> 16;
        var isNaN = Vector.GreaterThan(bits & new Vector<uint>(Magnitude), new Vector<uint>(Infinity));
        return Vector.ConditionalSelect(isNaN, (bits | new Vector<uint>(QuietBit)) >> 16, rounded);
    }

    private static uint Rounded(uint bits) =>
        (bits & Magnitude) > Infinity ? (bits | QuietBit) >> 16 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
}
