namespace FlameEdge.Parameters;

/// <summary>
/// The fixed point of an exact sum: terms weight · value are held as whole multiples of 2^<see cref="Exponent"/>. Chosen before any update exists, from the
/// largest total weight and the largest magnitude that will be accepted, so that no sum of accepted terms leaves an int64.
/// </summary>
/// <param name="Exponent">log2 of the step.</param>
/// <param name="WeightLimit">Weights may add up to this, not above.</param>
/// <param name="LargestValue">A value of larger magnitude is out of range.</param>
public readonly record struct SumStep(int Exponent, long WeightLimit, float LargestValue)
{
    // One bit of headroom below int64: rounding each term up can add half a step per term.
    private const int Bits = 61;

    /// <summary>The finest step for these limits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive and finite.</exception>
    public static SumStep For(long weightLimit, float largestValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weightLimit);
        if (!(largestValue > 0) || !float.IsFinite(largestValue))
        {
            throw new ArgumentOutOfRangeException(nameof(largestValue), largestValue, "must be positive and finite");
        }

        var magnitude = (double)weightLimit * largestValue;
        var exponent = Math.ILogB(magnitude) + 1 - Bits;
        return new SumStep(exponent, weightLimit, largestValue);
    }
}
