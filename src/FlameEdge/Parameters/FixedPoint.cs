using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlameEdge.Parameters;

/// <summary>
/// The arithmetic of <see cref="ExactSum"/>: values to whole steps and back. Each value is computed on its own, so vectors and plain loops give the same bits.
/// </summary>
internal static class FixedPoint
{
    private const double TwoTo32 = 4294967296.0;
    private const double SmallestNormal = 1.1754943508222875e-38;
    private const long NearTheMiddle = 8;

    // A weight below it has 28 bits at most; a sum below the other is exact as a double.
    private const long ShortWeight = 1L << 28;
    private const long ExactDouble = 1L << 53;

    // Added to a double below 2^51 in magnitude, it leaves the nearest whole number, ties to even, in the lowest bits.
    private const double Magic = 6755399441055744.0;
    private const double MagicReach = 2251799813685248.0;

    /// <summary>
    /// sums += values · factor, each product rounded to a whole number, ties to even; or nothing, and false, where a magnitude is above <paramref name="limit"/>
    /// or a value is not a number. A negated factor takes an addition back, because that rounding is symmetric.
    /// </summary>
    /// <param name="values">What is added.</param>
    /// <param name="limit">The largest magnitude allowed.</param>
    /// <param name="factor">Weight over step; no product of an allowed value reaches 2^62.</param>
    /// <param name="sums">As many sums.</param>
    public static bool TryAccumulate(ReadOnlySpan<float> values, float limit, double factor, Span<long> sums)
    {
        // Nearly every value is small: look at them while they are added. What was added wrongly is subtracted again, bit for bit, whatever it was.
        var largest = AddSmall(values, factor, sums);
        if (largest <= limit && largest * Math.Abs(factor) < MagicReach)
        {
            return true;
        }

        SubtractSmall(values, factor, sums);

        // NaN fails the comparison too.
        if (!(largest <= limit))
        {
            return false;
        }

        var done = AccumulateLarge(values, factor, sums);
        AccumulateScalar(values[done..], factor, sums[done..]);
        return true;
    }

    /// <summary>The nearest float32 to sum · 2^exponent / weight for each sum, ties to even; an exact zero is +0.</summary>
    public static void Mean(ReadOnlySpan<long> sums, long weight, int exponent, Span<float> mean)
    {
        ref var source = ref MemoryMarshal.GetReference(sums);
        ref var target = ref MemoryMarshal.GetReference(mean);
        var scale = Vector256.Create(Math.ScaleB(1.0, exponent) / weight);
        var stepsPerUnit = Vector256.Create(Math.ScaleB((double)weight, -exponent));
        var isShort = weight < ShortWeight;
        var i = 0;
        for (; i <= sums.Length - 8; i += 8)
        {
            var (low, high) = (Vector256.LoadUnsafe(ref source, (nuint)i), Vector256.LoadUnsafe(ref source, (nuint)i + 4));
            var (lower, upper) = (Vector256.ConvertToDouble(low) * scale, Vector256.ConvertToDouble(high) * scale);
            if ((AreSafelyRounded(lower) && AreSafelyRounded(upper)) || (isShort && TrySettle(low, stepsPerUnit, ref lower) && TrySettle(high, stepsPerUnit, ref upper)))
            {
                Vector256.Narrow(lower, upper).StoreUnsafe(ref target, (nuint)i);
            }
            else
            {
                MeanScalar(sums.Slice(i, 8), weight, exponent, mean.Slice(i, 8));
            }
        }

        MeanScalar(sums[i..], weight, exponent, mean[i..]);
    }

    internal static void AccumulateScalar(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        for (var i = 0; i < values.Length; i++)
        {
            sums[i] += (long)Math.Round(values[i] * factor, MidpointRounding.ToEven);
        }
    }

    /// <summary>Adds products below 2^51 and returns the largest magnitude of the values; with larger products what it adds means nothing.</summary>
    internal static float AddSmall(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var (factors, magic) = (Vector256.Create(factor), Vector256.Create(Magic));
        var mask = Vector256.Create(int.MaxValue);
        var lanes = Vector256<int>.Zero;
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var eight = Vector256.LoadUnsafe(ref source, (nuint)i);
            lanes = Vector256.Max(lanes, eight.AsInt32() & mask);
            var (lower, upper) = Vector256.Widen(eight);
            (Vector256.LoadUnsafe(ref target, (nuint)i) + Small(lower, factors, magic)).StoreUnsafe(ref target, (nuint)i);
            (Vector256.LoadUnsafe(ref target, (nuint)i + 4) + Small(upper, factors, magic)).StoreUnsafe(ref target, (nuint)i + 4);
        }

        for (var at = i; at < values.Length; at++)
        {
            sums[at] += Small(values[at], factor);
        }

        return ParameterMath.LargestOf(lanes, values[i..]);
    }

    /// <summary>Takes back what <see cref="AddSmall"/> added, to the bit.</summary>
    internal static void SubtractSmall(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var (factors, magic) = (Vector256.Create(factor), Vector256.Create(Magic));
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref source, (nuint)i));
            (Vector256.LoadUnsafe(ref target, (nuint)i) - Small(lower, factors, magic)).StoreUnsafe(ref target, (nuint)i);
            (Vector256.LoadUnsafe(ref target, (nuint)i + 4) - Small(upper, factors, magic)).StoreUnsafe(ref target, (nuint)i + 4);
        }

        for (; i < values.Length; i++)
        {
            sums[i] -= Small(values[i], factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> Small(Vector256<double> values, Vector256<double> factors, Vector256<double> magic) =>
        ((values * factors) + magic).AsInt64() - magic.AsInt64();

    private static long Small(float value, double factor) => BitConverter.DoubleToInt64Bits((value * factor) + Magic) - BitConverter.DoubleToInt64Bits(Magic);

    internal static int AccumulateLarge(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var factors = Vector256.Create(factor);
        var i = 0;
        for (; i <= values.Length - 8; i += 8)
        {
            var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref source, (nuint)i));
            (Vector256.LoadUnsafe(ref target, (nuint)i) + ToInt64(lower * factors)).StoreUnsafe(ref target, (nuint)i);
            (Vector256.LoadUnsafe(ref target, (nuint)i + 4) + ToInt64(upper * factors)).StoreUnsafe(ref target, (nuint)i + 4);
        }

        return i;
    }

    // Few instruction sets convert a double to int64: split into 32-bit halves, which the magic number converts exactly.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> ToInt64(Vector256<double> value)
    {
        var magic = Vector256.Create(Magic);
        var whole = Vector256.Round(value);
        var high = Vector256.Floor(whole * Vector256.Create(1 / TwoTo32));
        var low = whole - (high * Vector256.Create(TwoTo32));
        var highBits = (high + magic).AsInt64() - magic.AsInt64();
        var lowBits = (low + magic).AsInt64() - magic.AsInt64();
        return (highBits << 32) + lowBits;
    }

    // Means of equal weights often lie in the middle between two floats exactly, or so near to it that the quotient cannot tell. The middle has 25 bits: times a short
    // weight it is exact, and so is its comparison with the sum. False where a sum or a mean is out of the range in which all that holds.
    private static bool TrySettle(Vector256<long> sums, Vector256<double> stepsPerUnit, ref Vector256<double> quotients)
    {
        var bits = quotients.AsInt64();
        var magnitude = (bits & Vector256.Create(long.MaxValue)).AsDouble();
        var isInRange = Vector256.GreaterThan(magnitude, Vector256.Create(SmallestNormal)) & Vector256.LessThan(magnitude, Vector256.Create((double)float.MaxValue));
        if (!Vector256.LessThanAll(Vector256.Abs(sums), Vector256.Create(ExactDouble)) || (isInRange.AsInt64() | Vector256.Equals(sums, Vector256<long>.Zero)) != Vector256<long>.AllBitsSet)
        {
            return false;
        }

        var middle = (bits & Vector256.Create(~0x1FFF_FFFFL)) | Vector256.Create(0x1000_0000L);
        var beyond = Vector256.ConvertToDouble(sums) - (middle.AsDouble() * stepsPerUnit);
        var sign = Vector256.LessThan(beyond, Vector256<double>.Zero).AsInt64() - Vector256.GreaterThan(beyond, Vector256<double>.Zero).AsInt64();
        var negative = bits >> 63;
        var settled = middle + ((sign ^ negative) - negative);
        var isNear = Vector256.LessThanOrEqual(Vector256.Abs(bits - middle), Vector256.Create(NearTheMiddle));
        quotients = Vector256.ConditionalSelect(isNear, settled, bits).AsDouble();
        return true;
    }

    private static void MeanScalar(ReadOnlySpan<long> sums, long weight, int exponent, Span<float> mean)
    {
        var scale = Math.ScaleB(1.0, exponent);
        for (var i = 0; i < sums.Length; i++)
        {
            var quotient = sums[i] / (double)weight * scale;
            mean[i] = IsSafelyRounded(quotient) ? (float)quotient : RoundedOnce(sums[i], weight, exponent);
        }
    }

    // The same question as below for all lanes at once; zeros are left to the scalar answer. A quotient by the reciprocal is off by another bit, which the margin covers.
    private static bool AreSafelyRounded(Vector256<double> quotients)
    {
        var bits = quotients.AsInt64();
        var magnitude = (bits & Vector256.Create(long.MaxValue)).AsDouble();
        var tail = (bits & Vector256.Create(0x1FFF_FFFFL)) - Vector256.Create(0x1000_0000L);
        return Vector256.GreaterThanAll(magnitude, Vector256.Create(SmallestNormal)) && Vector256.LessThanAll(magnitude, Vector256.Create((double)float.MaxValue))
            && Vector256.GreaterThanAll(Vector256.Abs(tail), Vector256.Create(NearTheMiddle));
    }

    // The double quotient is off by at most a few of its last bits: far from the middle between two floats that cannot change the float.
    private static bool IsSafelyRounded(double quotient)
    {
        if (quotient == 0)
        {
            return true;
        }

        var magnitude = Math.Abs(quotient);
        var tail = BitConverter.DoubleToInt64Bits(quotient) & 0x1FFF_FFFF;
        return magnitude > SmallestNormal && magnitude < float.MaxValue && Math.Abs(tail - 0x1000_0000) > NearTheMiddle;
    }

    /// <summary>sum · 2^exponent / weight rounded once to the nearest float32, ties to even, by whole numbers alone.</summary>
    private static float RoundedOnce(long sum, long weight, int exponent)
    {
        if (sum == 0)
        {
            return 0f;
        }

        var numerator = (UInt128)Int128.Abs(sum) << 64;
        var (quotient, rest) = UInt128.DivRem(numerator, (UInt128)(ulong)weight);
        var scaled = exponent - 64;
        var length = 128 - (int)UInt128.LeadingZeroCount(quotient);

        // 24 bits of mantissa, fewer where the result is subnormal (below 2^-126, unit 2^-149).
        var drop = Math.Max(length - 24, -149 - scaled);
        if (drop > 128)
        {
            return sum < 0 ? -0f : 0f;
        }

        UInt128 kept;
        if (drop <= 0)
        {
            kept = quotient << -drop;
        }
        else
        {
            kept = drop == 128 ? UInt128.Zero : quotient >> drop;
            var half = UInt128.One << (drop - 1);
            var dropped = drop == 128 ? quotient : quotient & ((UInt128.One << drop) - 1);
            var roundsUp = dropped > half || (dropped == half && (rest != 0 || (kept & 1) == 1));
            kept += roundsUp ? UInt128.One : UInt128.Zero;
        }

        var magnitude = Math.ScaleB((double)kept, scaled + drop);
        return (float)(sum < 0 ? -magnitude : magnitude);
    }
}
