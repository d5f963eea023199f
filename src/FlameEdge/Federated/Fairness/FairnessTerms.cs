using FlameEdge.Topology;

namespace FlameEdge.Federated.Fairness;

/// <summary>
/// The sums a measure of fairness is made of, each divided by the number of rows: bias B = a/b − c/d, the first quotient of one group, the second of the other. Means over rows, so the sample-weighted mean of
/// clients' terms is that of all their rows, and so is the bias: a client need show nothing else.
/// </summary>
/// <param name="A">Of the group: its scores (of positive rows only, where the measure is of those; times the label for calibration).</param>
/// <param name="B">Of the group: its rows (the positive ones; the scores for calibration).</param>
/// <param name="C">As <paramref name="A"/>, of the others.</param>
/// <param name="D">As <paramref name="B"/>, of the others.</param>
/// <seealso href="https://arxiv.org/abs/2305.09931">Wang et al. 2023: fairness of the global model from statistics of the clients</seealso>
public readonly record struct FairnessTerms(double A, double B, double C, double D)
{
    /// <summary>How many values they are.</summary>
    public const int Count = 4;

    /// <summary>a/b − c/d; 0 where a group has no rows, for nothing can be compared.</summary>
    public double Bias => B > 0 && D > 0 ? (A / B) - (C / D) : 0;

    /// <summary>The terms as they travel; of other values none are known.</summary>
    public static FairnessTerms Of(ReadOnlySpan<float> values) => values.Length == Count ? new(values[0], values[1], values[2], values[3]) : default;

    /// <summary>The terms of some rows.</summary>
    /// <param name="fair">The measure.</param>
    /// <param name="scores">Probability of the positive class, by row; at least one.</param>
    /// <param name="isPositive">Whether a row's label is that class.</param>
    /// <param name="isInGroup">Whether it belongs to the group.</param>
    public static FairnessTerms Of(string fair, ReadOnlySpan<double> scores, ReadOnlySpan<bool> isPositive, ReadOnlySpan<bool> isInGroup)
    {
        var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0);
        for (var row = 0; row < scores.Length; row++)
        {
            var (above, below) = fair switch
            {
                FairnessSpec.Calibration => (isPositive[row] ? scores[row] : 0, scores[row]),
                FairnessSpec.Opportunity when !isPositive[row] => (0, 0),
                _ => (scores[row], 1),
            };
            (a, b) = isInGroup[row] ? (a + above, b + below) : (a, b);
            (c, d) = isInGroup[row] ? (c, d) : (c + above, d + below);
        }

        return new(a / scores.Length, b / scores.Length, c / scores.Length, d / scores.Length);
    }

    /// <summary>How the bias of all rows moves with the score of one, times the number of rows.</summary>
    public double SlopeOf(string fair, bool isPositive, bool isInGroup)
    {
        if (!(B > 0 && D > 0) || (fair == FairnessSpec.Opportunity && !isPositive))
        {
            return 0;
        }

        // Of a calibrated quotient the score stands above and below the line.
        var (quotient, rows, sign) = isInGroup ? (A / B, B, 1) : (C / D, D, -1);
        return sign * (fair == FairnessSpec.Calibration ? (isPositive ? 1 : 0) - quotient : 1) / rows;
    }

    /// <summary>How the penalty moves with the bias.</summary>
    public double PenaltySlope(FairnessSpec spec) =>
        (spec.Gamma ?? (2 * Math.Abs(Bias))) * (spec.Penalty == FairnessSpec.Absolute ? Math.Sign(Bias) : Bias);

    /// <summary>Writes them as they travel.</summary>
    public void CopyTo(Span<float> values) => (values[0], values[1], values[2], values[3]) = ((float)A, (float)B, (float)C, (float)D);
}
