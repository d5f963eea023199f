using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlameEdge.Parameters;

/// <summary>Arithmetic on flat parameter buffers; spans of one call have one length.</summary>
public static class ParameterMath
{
    /// <summary>difference = to − from: what training changed.</summary>
    public static void Delta(ReadOnlySpan<float> from, ReadOnlySpan<float> to, Span<float> difference) =>
        TensorPrimitives.Subtract(to, from, difference);

    /// <summary>target += scale · change.</summary>
    public static void AddScaled(ReadOnlySpan<float> change, float scale, Span<float> target) =>
        TensorPrimitives.MultiplyAdd(change, scale, target, target);

    /// <summary>The Euclidean norm over all values, summed in double.</summary>
    public static double Norm(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
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
    public static float LargestMagnitude(ReadOnlySpan<float> values) =>
        values.IsEmpty ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude(values));
}
