using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FlameEdge.Parameters;

/// <summary>Why a sum did not take an update.</summary>
public enum SumRefusal
{
    /// <summary>It was added.</summary>
    None,

    /// <summary>A value is NaN, infinite or larger than announced.</summary>
    ValueOutOfRange,

    /// <summary>The weight is not positive, or the weights would exceed what was announced.</summary>
    WeightOutOfRange,
}

/// <summary>
/// Weighted sum of updates in int64 fixed point: integer addition has no order, so whatever the network does to the order of arrival or the grouping,
/// the same updates give the same bits. Each term weight · value is rounded once to the step, the mean once to float32.
/// </summary>
/// <remarks>Memory: 8 bytes per value, flat in the number of updates. Not thread-safe.</remarks>
public sealed class ExactSum
{
    private const double TwoTo32 = 4294967296.0;
    private readonly long[] sums;
    private double stepsPerUnit;

    /// <summary>An empty sum of <paramref name="length"/> values.</summary>
    public ExactSum(int length, SumStep step)
    {
        sums = new long[length];
        Step = step;
        stepsPerUnit = Math.ScaleB(1.0, -step.Exponent);
    }

    /// <summary>Number of values.</summary>
    public int Length => sums.Length;

    /// <summary>The fixed point, announced before the first update.</summary>
    public SumStep Step { get; private set; }

    /// <summary>Weights added so far.</summary>
    public long Weight { get; private set; }

    /// <summary>Forgets what was added and goes on with another step, in the same memory.</summary>
    public void Restart(SumStep step)
    {
        Array.Clear(sums);
        (Step, Weight, stepsPerUnit) = (step, 0, Math.ScaleB(1.0, -step.Exponent));
    }

    /// <summary>Adds weight · values, or refuses the whole update untouched.</summary>
    public SumRefusal Add(long weight, ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, sums.Length, nameof(values));
        if (!IsWithin(weight))
        {
            return SumRefusal.WeightOutOfRange;
        }

        if (!IsWithin(values))
        {
            return SumRefusal.ValueOutOfRange;
        }

        Accumulate(values, FactorOf(weight), sums);
        Weight += weight;
        return SumRefusal.None;
    }

    /// <summary>Adds weight · values a tile at a time, each read once; what is refused, or turns out malformed, leaves the sum as it was.</summary>
    /// <exception cref="Diagnostics.PayloadException">Reading a tile failed.</exception>
    public SumRefusal Add(long weight, IValueTiles tiles)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tiles.Length, sums.Length, nameof(tiles));
        if (!IsWithin(weight))
        {
            return SumRefusal.WeightOutOfRange;
        }

        // Integers undo an addition to the bit, so nothing needs to be read twice to be sure of it first.
        var attempt = new TileAddition(this, tiles, FactorOf(weight));
        if (!attempt.Run())
        {
            attempt.Undo();
            return attempt.Fault is null ? SumRefusal.ValueOutOfRange : throw attempt.Fault;
        }

        Weight += weight;
        return SumRefusal.None;
    }

    /// <summary>Adds weight · values at ascending <paramref name="indices"/> alone; elsewhere the update is zero.</summary>
    public SumRefusal Add(long weight, ReadOnlySpan<int> indices, ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, indices.Length, nameof(values));
        if (!IsWithin(weight))
        {
            return SumRefusal.WeightOutOfRange;
        }

        if (!IsWithin(values))
        {
            return SumRefusal.ValueOutOfRange;
        }

        var factor = FactorOf(weight);
        for (var i = 0; i < indices.Length; i++)
        {
            sums[indices[i]] += (long)Math.Round(values[i] * factor, MidpointRounding.ToEven);
        }

        Weight += weight;
        return SumRefusal.None;
    }

    /// <summary>Adds another sum of the same step, as in a tree of aggregators in one process.</summary>
    public SumRefusal Merge(ExactSum other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Step, Step, nameof(other));
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.sums.Length, sums.Length, nameof(other));
        if (other.Weight > Step.WeightLimit - Weight)
        {
            return SumRefusal.WeightOutOfRange;
        }

        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] += other.sums[i];
        }

        Weight += other.Weight;
        return SumRefusal.None;
    }

    /// <summary>The weighted mean, each value the nearest float32 (ties to even) to sum / weight; an exact zero is +0.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public void Mean(Span<float> mean)
    {
        if (Weight == 0)
        {
            throw new InvalidOperationException("the mean of no updates is not defined");
        }

        var unitsPerStepAndWeight = (double)Weight;
        var scale = Math.ScaleB(1.0, Step.Exponent);
        for (var i = 0; i < sums.Length; i++)
        {
            var quotient = sums[i] / unitsPerStepAndWeight * scale;
            mean[i] = IsSafelyRounded(quotient) ? (float)quotient : RoundedOnce(sums[i], Weight, Step.Exponent);
        }
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
        return magnitude > 1.1754943508222875e-38 && magnitude < float.MaxValue && Math.Abs(tail - 0x1000_0000) > 8;
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

    /// <summary>Adds the values from <paramref name="start"/> on; a negated factor undoes it, because rounding is symmetric.</summary>
    internal void Accumulate(int start, ReadOnlySpan<float> values, double factor) => Accumulate(values, factor, sums.AsSpan(start, values.Length));

    // NaN fails the comparison too.
    internal bool IsWithin(ReadOnlySpan<float> values) => ParameterMath.LargestMagnitude(values) <= Step.LargestValue;

    private bool IsWithin(long weight) => weight > 0 && weight <= Step.WeightLimit - Weight;

    // A product with a power of two is exact, so weight · value is rounded no more than once before it is rounded to the step.
    private double FactorOf(long weight) => weight * stepsPerUnit;

    private static void Accumulate(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        var done = Vector512.IsHardwareAccelerated && Avx512DQ.IsSupported ? Accumulate512(values, factor, sums)
            : Avx2.IsSupported ? Accumulate256(values, factor, sums)
            : Vector128.IsHardwareAccelerated ? Accumulate128(values, factor, sums)
            : 0;
        AccumulateScalar(values[done..], factor, sums[done..]);
    }

    internal static void AccumulateScalar(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        for (var i = 0; i < values.Length; i++)
        {
            sums[i] += (long)Math.Round(values[i] * factor, MidpointRounding.ToEven);
        }
    }

    internal static int Accumulate512(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var factors = Vector512.Create(factor);
        var i = 0;
        for (; i <= values.Length - 16; i += 16)
        {
            var (lower, upper) = Vector512.Widen(Vector512.LoadUnsafe(ref source, (nuint)i));
            var first = Vector512.ConvertToInt64Native(Vector512.Round(lower * factors));
            var second = Vector512.ConvertToInt64Native(Vector512.Round(upper * factors));
            (Vector512.LoadUnsafe(ref target, (nuint)i) + first).StoreUnsafe(ref target, (nuint)i);
            (Vector512.LoadUnsafe(ref target, (nuint)i + 8) + second).StoreUnsafe(ref target, (nuint)i + 8);
        }

        return i;
    }

    internal static int Accumulate256(ReadOnlySpan<float> values, double factor, Span<long> sums)
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

    internal static int Accumulate128(ReadOnlySpan<float> values, double factor, Span<long> sums)
    {
        ref var source = ref MemoryMarshal.GetReference(values);
        ref var target = ref MemoryMarshal.GetReference(sums);
        var factors = Vector128.Create(factor);
        var i = 0;
        for (; i <= values.Length - 4; i += 4)
        {
            var (lower, upper) = Vector128.Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            var first = Vector128.ConvertToInt64(Vector128.Round(lower * factors));
            var second = Vector128.ConvertToInt64(Vector128.Round(upper * factors));
            (Vector128.LoadUnsafe(ref target, (nuint)i) + first).StoreUnsafe(ref target, (nuint)i);
            (Vector128.LoadUnsafe(ref target, (nuint)i + 2) + second).StoreUnsafe(ref target, (nuint)i + 2);
        }

        return i;
    }

    // AVX2 has no conversion from double to int64: split into 32-bit halves, which the 2^52 trick converts exactly.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<long> ToInt64(Vector256<double> value)
    {
        var magic = Vector256.Create(6755399441055744.0);
        var whole = Vector256.Round(value);
        var high = Vector256.Floor(whole * Vector256.Create(1 / TwoTo32));
        var low = whole - (high * Vector256.Create(TwoTo32));
        var highBits = (high + magic).AsInt64() - magic.AsInt64();
        var lowBits = (low + magic).AsInt64() - magic.AsInt64();
        return (highBits << 32) + lowBits;
    }
}
