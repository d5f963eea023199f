using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Tests.Collaborative.Boosting;

public class LineSearchTests
{
    [Theory]
    [InlineData(new[] { 2f, 3f, 1f, -0.5f }, new[] { -2f, -1f, 0.5f, -3f, 1.5f, -2f })]
    [InlineData(new[] { 8f, 8f, 8f, 7.9f, 8f, 8f, -8f }, new[] { -8f, -8f, 8f, -8f })] // Saturated: Newton's own step leaps.
    [InlineData(new[] { 7f }, new[] { -6f, -7f, 2f })]
    public void The_fit_is_the_least_of_the_ridge_loss(float[] positives, float[] negatives)
    {
        var stage = NewStage();
        LineSearch.Fit([stage], [positives], [negatives]);

        var best = (Loss: double.PositiveInfinity, Slope: 0.0, Offset: 0.0);
        for (var slope = 0.2; slope < 2; slope += 0.005)
        {
            for (var offset = -3.0; offset < 3; offset += 0.01)
            {
                if (Loss(slope, offset, positives, negatives) is var loss && loss < best.Loss)
                {
                    best = (loss, slope, offset);
                }
            }
        }

        Assert.Equal(best.Slope, stage.Slope, 0.006); // The grid.
        Assert.Equal(best.Offset, stage.Offset, 0.011);
    }

    [Fact]
    public void Two_equal_stages_share_what_one_would_have()
    {
        var (first, second) = (NewStage(), NewStage());
        float[] positives = [2, 3, 1];
        float[] negatives = [-2, -1, 0.5f];

        LineSearch.Fit([first, second], [positives, positives], [negatives, negatives]);

        Assert.Equal(first.Slope, second.Slope, 5);
        Assert.InRange(first.Slope, 0.3f, 0.9f);
    }

    [Theory]
    [InlineData(new[] { 3f, 2f }, new[] { 1f, 0f }, 1)]
    [InlineData(new[] { 1f }, new[] { 1f, 0f, 2f, 1f }, 0.5)]
    [InlineData(new[] { 0f }, new[] { 1f }, 0)]
    [InlineData(new float[0], new[] { 1f }, 0.5)]
    public void The_area_under_the_curve_counts_pairs(float[] positives, float[] negatives, double expected) =>
        Assert.Equal(expected, BinaryTraining.Auc(positives, negatives), 9);

    private static double Loss(double slope, double offset, float[] positives, float[] negatives)
    {
        var weight = (double)positives.Length / negatives.Length;
        return (2 * (slope - 1) * (slope - 1)) + (offset * offset / 2) + positives.Sum(score => Softplus(-((slope * score) + offset))) + (weight * negatives.Sum(score => Softplus((slope * score) + offset)));
    }

    private static double Softplus(double value) => Math.Log(1 + Math.Exp(value));

    private static Stage NewStage() => new(0, new DenseNetwork(1, 1, 1), InputAveraging.None(1), new PacketOrigin("north", 1, 1, DateTimeOffset.MaxValue));
}
