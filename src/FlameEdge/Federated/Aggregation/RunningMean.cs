using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Weighted mean of updates folded in as they arrive (eager aggregation): m ← m + (n / N) (d − m), N with n in it.</summary>
/// <remarks>
/// After every fold m is the mean of all so far, in any order of arrival, to float32 rounding; a mean of means with their total counts is the mean of all.
/// Where the same bits are wanted in every order, use <see cref="Parameters.ExactSum"/>.
/// </remarks>
public sealed class RunningMean(int length)
{
    private readonly float[] mean = new float[length];

    /// <summary>Counts folded in so far.</summary>
    public long Count { get; private set; }

    /// <summary>The mean so far; zeros before the first fold.</summary>
    public ReadOnlySpan<float> Mean => this.mean;

    /// <summary>Folds in a change, or the mean of a group of <paramref name="count"/> samples.</summary>
    /// <exception cref="ArgumentException">The length differs, the count is not positive, or a value is not finite; nothing was changed.</exception>
    public void Fold(ReadOnlySpan<float> change, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(change.Length, this.mean.Length, nameof(change));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        if (!TensorPrimitives.IsFiniteAll(change))
        {
            throw new ArgumentException("an update holds a value that is not finite", nameof(change));
        }

        Count = checked(Count + count);

        // m + s (d − m), as a weighted sum of both so that d − m cannot leave float's range.
        var share = (float)((double)count / Count);
        TensorPrimitives.Lerp(this.mean, change, share, this.mean);
    }
}
