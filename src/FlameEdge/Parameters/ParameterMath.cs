using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlameEdge.Parameters;

/// <summary>Arithmetic on flat parameter buffers; spans of one call have one length.</summary>
public static class ParameterMath
{
    /// <summary>difference = to − from: what training changed.</summary>
    public static void Delta(ReadOnlySpan<float> from, ReadOnlySpan<float> to, Span<float> difference)
    {
        Require(from.Length, to.Length, difference.Length);
        unsafe
        {
            fixed (float* left = from, right = to, target = difference)
            {
                var (one, other, result) = ((nint)left, (nint)right, (nint)target);
                Ranges.Run(difference.Length, (_, start, count) =>
                    TensorPrimitives.Subtract(new ReadOnlySpan<float>((float*)other + start, count), new ReadOnlySpan<float>((float*)one + start, count), new Span<float>((float*)result + start, count)));
            }
        }
    }

    /// <summary>target += scale · change.</summary>
    public static void AddScaled(ReadOnlySpan<float> change, float scale, Span<float> target)
    {
        Require(change.Length, target.Length, target.Length);
        unsafe
        {
            fixed (float* source = change, sum = target)
            {
                var (from, to) = ((nint)source, (nint)sum);
                Ranges.Run(target.Length, (_, start, count) =>
                {
                    var part = new Span<float>((float*)to + start, count);
                    TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>((float*)from + start, count), scale, part, part);
                });
            }
        }
    }

    private static void Require(int first, int second, int third)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(first, third);
        ArgumentOutOfRangeException.ThrowIfNotEqual(second, third);
    }

    /// <summary>The Euclidean norm over all values, summed in double.</summary>
    public static double Norm(ReadOnlySpan<float> values)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        var (even, odd) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref source, (nuint)i));
            even += lower * lower;
            odd += upper * upper;
        }

        var lanes = even + odd;
        var sum = lanes[0] + lanes[1] + lanes[2] + lanes[3];
        for (; i < values.Length; i++)
        {
            sum += (double)values[i] * values[i];
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The sum of magnitudes, in double and in an order that is the same on every machine.</summary>
    public static double SumOfMagnitudes(ReadOnlySpan<float> values)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        var (even, odd) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Abs(Vector256.LoadUnsafe(ref source, (nuint)i)));
            even += lower;
            odd += upper;
        }

        var lanes = even + odd;
        var sum = lanes[0] + lanes[1] + lanes[2] + lanes[3];
        for (; i < values.Length; i++)
        {
            sum += Math.Abs(values[i]);
        }

        return sum;
    }

    /// <summary>The largest magnitude; NaN where any value is NaN, 0 for no values.</summary>
    public static float LargestMagnitude(ReadOnlySpan<float> values)
    {
        // Without their sign bits floats order as whole numbers do, NaN above infinity.
        ref var source = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<float, int>(values));
        var mask = Vector256.Create(int.MaxValue);
        var (first, second) = (Vector256<int>.Zero, Vector256<int>.Zero);
        var i = 0;
        for (; i <= values.Length - 16; i += 16)
        {
            first = Vector256.Max(first, Vector256.LoadUnsafe(ref source, (nuint)i) & mask);
            second = Vector256.Max(second, Vector256.LoadUnsafe(ref source, (nuint)i + 8) & mask);
        }

        return LargestOf(Vector256.Max(first, second), values[i..]);
    }

    /// <summary>target += change, in one pass that also returns the largest magnitude of the sums; NaN where any is NaN.</summary>
    internal static float AddAndMeasure(ReadOnlySpan<float> change, Span<float> target)
    {
        ref var source = ref MemoryMarshal.GetReference(change);
        ref var sum = ref MemoryMarshal.GetReference(target);
        var mask = Vector256.Create(int.MaxValue);
        var lanes = Vector256<int>.Zero;
        var i = 0;
        for (; i <= target.Length - 8; i += 8)
        {
            var eight = Vector256.LoadUnsafe(ref sum, (nuint)i) + Vector256.LoadUnsafe(ref source, (nuint)i);
            lanes = Vector256.Max(lanes, eight.AsInt32() & mask);
            eight.StoreUnsafe(ref sum, (nuint)i);
        }

        for (var at = i; at < target.Length; at++)
        {
            target[at] += change[at];
        }

        return LargestOf(lanes, target[i..]);
    }

    /// <summary>The largest magnitude among the bits without sign in <paramref name="lanes"/> and the values of <paramref name="rest"/>.</summary>
    internal static float LargestOf(Vector256<int> lanes, ReadOnlySpan<float> rest)
    {
        var largest = 0;
        for (var lane = 0; lane < Vector256<int>.Count; lane++)
        {
            largest = Math.Max(largest, lanes[lane]);
        }

        foreach (var value in rest)
        {
            largest = Math.Max(largest, BitConverter.SingleToInt32Bits(value) & int.MaxValue);
        }

        return BitConverter.Int32BitsToSingle(largest);
    }
}
