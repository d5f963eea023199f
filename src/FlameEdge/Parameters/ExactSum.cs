using System.Numerics.Tensors;

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
    private const int MeanTile = 1024;
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

        if (!FixedPoint.TryAccumulate(values, Step.LargestValue, FactorOf(weight), sums))
        {
            return SumRefusal.ValueOutOfRange;
        }

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

        // NaN fails the comparison too.
        if (!(ParameterMath.LargestMagnitude(values) <= Step.LargestValue))
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
        ArgumentOutOfRangeException.ThrowIfNotEqual(mean.Length, sums.Length, nameof(mean));
        RequireUpdates();
        FixedPoint.Mean(sums, Weight, Step.Exponent, mean);
    }

    private void RequireUpdates()
    {
        if (Weight == 0)
        {
            throw new InvalidOperationException("the mean of no updates is not defined");
        }
    }

    /// <summary>Writes a model's values plus the mean, each sum rounded to float32; no buffer for the mean itself is needed. Both may be the same.</summary>
    /// <exception cref="InvalidOperationException">Nothing was added.</exception>
    public void AddMean(ReadOnlySpan<float> model, Span<float> next)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(model.Length, sums.Length, nameof(model));
        ArgumentOutOfRangeException.ThrowIfNotEqual(next.Length, sums.Length, nameof(next));
        RequireUpdates();
        unsafe
        {
            fixed (float* source = model)
            fixed (float* target = next)
            {
                var (from, to) = ((nint)source, (nint)target);
                Ranges.Run(sums.Length, (_, start, count) =>
                {
                    Span<float> tile = stackalloc float[MeanTile];
                    for (var at = start; at < start + count; at += MeanTile)
                    {
                        var length = Math.Min(MeanTile, start + count - at);
                        FixedPoint.Mean(sums.AsSpan(at, length), Weight, Step.Exponent, tile[..length]);
                        TensorPrimitives.Add(new ReadOnlySpan<float>((float*)from + at, length), tile[..length], new Span<float>((float*)to + at, length));
                    }
                });
            }
        }
    }

    /// <summary>Adds the values from <paramref name="start"/> on, or none of them where one is out of range.</summary>
    internal bool TryAccumulate(int start, ReadOnlySpan<float> values, double factor) =>
        FixedPoint.TryAccumulate(values, Step.LargestValue, factor, sums.AsSpan(start, values.Length));

    private bool IsWithin(long weight) => weight > 0 && weight <= Step.WeightLimit - Weight;

    // A product with a power of two is exact, so weight · value is rounded no more than once before it is rounded to the step.
    private double FactorOf(long weight) => weight * stepsPerUnit;
}
