using FlameEdge.Federated.Fairness;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Fairness;

/// <summary>Six rows worked by hand: three of the group with scores 0.8, 0.6, 0.1, three others with 0.5, 0.3, 0.4; positive are the first, third, fourth and sixth.</summary>
public class FairnessTermsTests
{
    private const double Nudge = 1e-6;
    private static readonly double[] Scores = [0.8, 0.6, 0.1, 0.5, 0.3, 0.4];
    private static readonly bool[] Positive = [true, false, true, true, false, true];
    private static readonly bool[] Group = [true, true, true, false, false, false];

    public static TheoryData<string> Measures => [FairnessSpec.Parity, FairnessSpec.Opportunity, FairnessSpec.Calibration];

    [Theory]
    [InlineData(FairnessSpec.Parity, 1.5, 3, 1.2, 3, 0.1)]
    [InlineData(FairnessSpec.Opportunity, 0.9, 2, 0.9, 2, 0)]
    [InlineData(FairnessSpec.Calibration, 0.9, 1.5, 0.9, 1.2, -0.15)]
    public void Terms_and_bias_worked_by_hand(string fair, double a, double b, double c, double d, double bias)
    {
        var terms = FairnessTerms.Of(fair, Scores, Positive, Group);

        Assert.Equal(a, 6 * terms.A, 1e-12);
        Assert.Equal(b, 6 * terms.B, 1e-12);
        Assert.Equal(c, 6 * terms.C, 1e-12);
        Assert.Equal(d, 6 * terms.D, 1e-12);
        Assert.Equal(bias, terms.Bias, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void The_slope_of_a_score_is_that_of_finite_differences(string fair)
    {
        var terms = FairnessTerms.Of(fair, Scores, Positive, Group);
        for (var row = 0; row < Scores.Length; row++)
        {
            var moved = (Bias(row, Nudge) - Bias(row, -Nudge)) / (2 * Nudge);

            Assert.Equal(Scores.Length * moved, terms.SlopeOf(fair, Positive[row], Group[row]), 1e-6);
        }

        double Bias(int row, double by)
        {
            double[] scores = [.. Scores];
            scores[row] += by;
            return FairnessTerms.Of(fair, scores, Positive, Group).Bias;
        }
    }

    [Theory]
    [MemberData(nameof(Measures))]
    public void The_mean_of_clients_terms_by_their_rows_is_that_of_all_rows(string fair)
    {
        // The second client has no row of the group, and could tell no bias of its own.
        var (one, two) = (FairnessTerms.Of(fair, Scores.AsSpan(0, 4), Positive.AsSpan(0, 4), Group.AsSpan(0, 4)), FairnessTerms.Of(fair, Scores.AsSpan(4), Positive.AsSpan(4), Group.AsSpan(4)));
        var all = FairnessTerms.Of(fair, Scores, Positive, Group);

        Assert.Equal(0, two.Bias);
        Assert.Equal(all.A, ((4 * one.A) + (2 * two.A)) / 6, 1e-12);
        Assert.Equal(all.B, ((4 * one.B) + (2 * two.B)) / 6, 1e-12);
        Assert.Equal(all.C, ((4 * one.C) + (2 * two.C)) / 6, 1e-12);
        Assert.Equal(all.D, ((4 * one.D) + (2 * two.D)) / 6, 1e-12);
    }

    [Fact]
    public void The_penalty_worked_by_hand()
    {
        var terms = new FairnessTerms(0.1, 0.5, 0.2, 0.5); // B = 0.2 − 0.4
        FairnessSpec spec = new() { Fair = FairnessSpec.Parity, Feature = "x", Gamma = 3 };

        Assert.Equal(3 * -0.2, terms.PenaltySlope(spec), 1e-12);
        Assert.Equal(-3, terms.PenaltySlope(spec with { Penalty = FairnessSpec.Absolute }), 1e-12);
        Assert.Equal(2 * 0.2 * -0.2, terms.PenaltySlope(spec with { Gamma = null }), 1e-12);
    }

    [Fact]
    public void Where_nothing_is_known_or_a_group_is_empty_nothing_is_punished()
    {
        Assert.Equal(default, FairnessTerms.Of(ReadOnlySpan<float>.Empty));
        Assert.Equal(0, default(FairnessTerms).Bias);
        Assert.Equal(0, new FairnessTerms(0.5, 1, 0, 0).Bias);
        Assert.Equal(0, new FairnessTerms(0.5, 1, 0, 0).SlopeOf(FairnessSpec.Parity, true, true));
    }
}
