using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// Blocks of a float32 scale and one signed byte per value: scale = max|x| / 127, code = x / scale rounded half to even, value = code · scale. Codes lie in
/// [-127, 127]; a block of zeros has scale 0. The last block may be shorter.
/// </summary>
public sealed class Int8Values(int block = Int8Values.UsualBlock) : ValueFormat
{
    /// <summary>1.6 % more bytes than the codes alone.</summary>
    public const int UsualBlock = 256;

    private const int ScaleBytes = 4;
    private const float Largest = 127;

    /// <inheritdoc/>
    public override string Name => Block == UsualBlock ? "int8" : $"int8 {Block}";

    /// <inheritdoc/>
    public override byte Id => 3;

    /// <inheritdoc/>
    public override int Block => block;

    /// <inheritdoc/>
    public override long BytesOf(int count) => count + ((((long)count + block - 1) / block) * ScaleBytes);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        for (; values.Length > 0; values = values[Math.Min(block, values.Length)..])
        {
            var count = Math.Min(block, values.Length);
            var scale = ParameterMath.LargestMagnitude(values[..count]) / Largest;
            BinaryPrimitives.WriteSingleLittleEndian(bytes, scale);
            Quantize(values[..count], scale, MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(ScaleBytes, count)));
            bytes = bytes[(ScaleBytes + count)..];
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer)
    {
        for (var rest = buffer; rest.Length > 0; rest = rest[Math.Min(block, rest.Length)..])
        {
            var count = Math.Min(block, rest.Length);
            Dequantize(MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(ScaleBytes, count)), ScaleOf(bytes), rest[..count]);
            bytes = bytes[(ScaleBytes + count)..];
        }

        return buffer;
    }

    /// <inheritdoc/>
    /// <remarks>In one pass: what is decoded never leaves the registers.</remarks>
    public override float AddTo(ReadOnlySpan<byte> bytes, Span<float> target, Span<float> buffer)
    {
        var largest = Vector256<int>.Zero;
        for (var rest = target; rest.Length > 0; rest = rest[Math.Min(block, rest.Length)..])
        {
            var count = Math.Min(block, rest.Length);
            var codes = MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(ScaleBytes, count));
            DequantizeOnto(codes, ScaleOf(bytes), rest[..count], ref largest);
            bytes = bytes[(ScaleBytes + count)..];
        }

        return ParameterMath.LargestOf(largest, []);
    }

    private static float ScaleOf(ReadOnlySpan<byte> bytes)
    {
        var scale = BinaryPrimitives.ReadSingleLittleEndian(bytes);
        return scale >= 0 && float.IsFinite(scale * Largest) ? scale : throw new PayloadException($"a block's scale is {scale}: the values are not finite");
    }

    private static void Quantize(ReadOnlySpan<float> values, float scale, Span<sbyte> codes)
    {
        if (!(scale > 0) || !float.IsFinite(scale))
        {
            codes.Clear();
            return;
        }

        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(codes);
        var i = 0;
        for (; i <= values.Length - 32; i += 32)
        {
            var first = Vector256.Narrow(Codes(ref source, i, scale), Codes(ref source, i + 8, scale));
            var second = Vector256.Narrow(Codes(ref source, i + 16, scale), Codes(ref source, i + 24, scale));
            Vector256.Narrow(first, second).StoreUnsafe(ref target, (nuint)i);
        }

        for (; i < values.Length; i++)
        {
            codes[i] = (sbyte)Math.Clamp(MathF.Round(values[i] / scale, MidpointRounding.ToEven), -Largest, Largest);
        }
    }

    private static Vector256<int> Codes(ref float source, int at, float scale)
    {
        var rounded = Vector256.Round(Vector256.LoadUnsafe(ref source, (nuint)at) / Vector256.Create(scale));
        return Vector256.ConvertToInt32Native(Vector256.Min(Vector256.Max(rounded, Vector256.Create(-Largest)), Vector256.Create(Largest)));
    }

    private static void DequantizeOnto(ReadOnlySpan<sbyte> codes, float scale, Span<float> sums, ref Vector256<int> most)
    {
        ref var source = ref MemoryMarshal.GetReference(codes);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var (lowest, largest) = (Vector256<sbyte>.Zero, most);
        var lowestOfRest = 0;
        var scales = Vector256.Create(scale);
        var i = 0;
        for (; i <= codes.Length - 32; i += 32)
        {
            var quarter = Vector256.LoadUnsafe(ref source, (nuint)i);
            lowest = Vector256.Min(lowest, quarter);
            var (first, second) = Vector256.Widen(quarter);
            var (a, b) = Vector256.Widen(first);
            var (c, d) = Vector256.Widen(second);
            largest = Vector256.Max(Vector256.Max(largest, Add(a, ref target, i)), Add(b, ref target, i + 8));
            largest = Vector256.Max(Vector256.Max(largest, Add(c, ref target, i + 16)), Add(d, ref target, i + 24));
        }

        for (; i < codes.Length; i++)
        {
            lowestOfRest = Math.Min(lowestOfRest, codes[i]);
            sums[i] += codes[i] * scale;
            largest = Vector256.Max(largest, Vector256.Create(BitConverter.SingleToInt32Bits(sums[i]) & int.MaxValue));
        }

        RequireCodes(lowest, lowestOfRest);
        most = largest;

        Vector256<int> Add(Vector256<int> eight, ref float target, int at)
        {
            var sum = Vector256.LoadUnsafe(ref target, (nuint)at) + (Vector256.ConvertToSingle(eight) * scales);
            sum.StoreUnsafe(ref target, (nuint)at);
            return sum.AsInt32() & Vector256.Create(int.MaxValue);
        }
    }

    private static void RequireCodes(Vector256<sbyte> lowest, int lowestOfRest)
    {
        if (lowestOfRest == sbyte.MinValue || Vector256.EqualsAny(lowest, Vector256.Create(sbyte.MinValue)))
        {
            throw new PayloadException("a code of -128 stands in an int8 block, which has none");
        }
    }

    private static void Dequantize(ReadOnlySpan<sbyte> codes, float scale, Span<float> values)
    {
        ref var source = ref MemoryMarshal.GetReference(codes);
        ref var target = ref MemoryMarshal.GetReference(values);
        var lowest = Vector256<sbyte>.Zero;
        var lowestOfRest = 0;
        var scales = Vector256.Create(scale);
        var i = 0;
        for (; i <= codes.Length - 32; i += 32)
        {
            var quarter = Vector256.LoadUnsafe(ref source, (nuint)i);
            lowest = Vector256.Min(lowest, quarter);
            var (first, second) = Vector256.Widen(quarter);
            Store(first, ref target, i);
            Store(second, ref target, i + 16);
        }

        for (; i < codes.Length; i++)
        {
            lowestOfRest = Math.Min(lowestOfRest, codes[i]);
            values[i] = codes[i] * scale;
        }

        RequireCodes(lowest, lowestOfRest);

        void Store(Vector256<short> half, ref float target, int at)
        {
            var (lower, upper) = Vector256.Widen(half);
            (Vector256.ConvertToSingle(lower) * scales).StoreUnsafe(ref target, (nuint)at);
            (Vector256.ConvertToSingle(upper) * scales).StoreUnsafe(ref target, (nuint)at + 8);
        }
    }
}
