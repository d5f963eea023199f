using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// Blocks of a float32 scale and one bit per value: scale = mean |x| over the block, value = ±scale, bit 1 for x ≥ 0, the lowest bit first, unused bits 0.
/// What it loses belongs into the next update (error feedback).
/// </summary>
/// <seealso href="https://arxiv.org/abs/1901.09847">Karimireddy et al. 2019, algorithm 1, with a scale per block</seealso>
public sealed class SignValues(int block = SignValues.UsualBlock) : ValueFormat
{
    /// <summary>0.8 % more bytes than the bits alone.</summary>
    public const int UsualBlock = 4096;

    private const int ScaleBytes = 4;

    /// <inheritdoc/>
    public override string Name => Block == UsualBlock ? "sign" : $"sign {Block}";

    /// <inheritdoc/>
    public override byte Id => 4;

    /// <inheritdoc/>
    public override int Block => block;

    /// <inheritdoc/>
    public override long BytesOf(int count) => (count / block * (ScaleBytes + BitBytes(block))) + (count % block == 0 ? 0 : ScaleBytes + BitBytes(count % block));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (; values.Length > 0; values = values[Math.Min(block, values.Length)..])
        {
            var count = Math.Min(block, values.Length);
            BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)(ParameterMath.SumOfMagnitudes(values[..count]) / count));
            WriteBits(values[..count], bytes.Slice(ScaleBytes, (int)BitBytes(count)));
            bytes = bytes[(ScaleBytes + (int)BitBytes(count))..];
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer)
    {
        for (var rest = buffer; rest.Length > 0; rest = rest[Math.Min(block, rest.Length)..])
        {
            var count = Math.Min(block, rest.Length);
            var scale = BinaryPrimitives.ReadSingleLittleEndian(bytes);
            if (!(scale >= 0) || !float.IsFinite(scale))
            {
                throw new PayloadException($"a block's scale is {scale}: the values are not finite");
            }

            ReadBits(bytes.Slice(ScaleBytes, (int)BitBytes(count)), scale, rest[..count]);
            bytes = bytes[(ScaleBytes + (int)BitBytes(count))..];
        }

        return buffer;
    }

    private static long BitBytes(int count) => (count + 7L) / 8;

    private static void WriteBits(ReadOnlySpan<float> values, Span<byte> bits)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            bits[i / 8] = (byte)Vector256.GreaterThanOrEqual(Vector256.LoadUnsafe(ref source, (nuint)i), Vector256<float>.Zero).ExtractMostSignificantBits();
        }

        if (i < values.Length)
        {
            var last = 0;
            for (var bit = 0; i + bit < values.Length; bit++)
            {
                last |= values[i + bit] >= 0 ? 1 << bit : 0;
            }

            bits[^1] = (byte)last;
        }
    }

    private static void ReadBits(ReadOnlySpan<byte> bits, float scale, Span<float> values)
    {
        ref var target = ref MemoryMarshal.GetReference(values);
        var masks = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        var (up, down) = (Vector256.Create(scale), Vector256.Create(-scale));
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var isUp = Vector256.Equals(Vector256.Create((int)bits[i / 8]) & masks, masks).AsSingle();
            Vector256.ConditionalSelect(isUp, up, down).StoreUnsafe(ref target, (nuint)i);
        }

        if (i < values.Length)
        {
            var last = bits[^1];
            if (last >> (values.Length - i) != 0)
            {
                throw new PayloadException("bits are set beyond the last value of a sign block");
            }

            for (var bit = 0; i + bit < values.Length; bit++)
            {
                values[i + bit] = ((last >> bit) & 1) == 1 ? scale : -scale;
            }
        }
    }
}
