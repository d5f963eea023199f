using FlameEdge.Collaborative.Bench;

namespace FlameEdge.Tests.Collaborative.Bench;

public class MeasuresTests
{
    [Fact]
    public void The_first_of_three_in_a_row_counts() => Assert.Equal(4, Measures.BatchesTo(0.9, [0.9, 0.9, 0.5, 0.9, 0.95, 0.9, 0.1]));

    [Fact]
    public void Who_never_gets_there_has_one_more_than_the_horizon() => Assert.Equal(6, Measures.BatchesTo(0.9, [0.1, 0.9, 0.9, 0.1, 0.9]));

    [Fact]
    public void Smoothed_a_single_dip_is_forgiven() => Assert.Equal(2, Measures.SmoothBatchesTo(0.9, [0.1, 0.95, 0.95, 0.7, 0.95, 0.95]));

    [Fact]
    public void Areas_finals_and_differences_are_means()
    {
        double[] isolated = [.. Enumerable.Repeat(0.5, 60)];
        double[] better = [.. Enumerable.Repeat(0.6, 30), .. Enumerable.Repeat(0.8, 30)];

        Assert.Equal(0.6, Measures.Area(better), 9);
        Assert.Equal(0.8, Measures.Final(better), 9);
        Assert.Equal(0.2, Measures.Against(isolated, better), 9);
        Assert.Equal(2.5, Measures.Median([4, 1, 2, 3]), 9);
    }
}
