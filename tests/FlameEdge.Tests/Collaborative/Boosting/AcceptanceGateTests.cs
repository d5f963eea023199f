using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Tests.Collaborative.Boosting;

/// <summary>A specialist whose score is its one input.</summary>
public class AcceptanceGateTests
{
    private static readonly DenseNetwork s_own = Network(1);

    [Theory]
    [InlineData(new[] { 2f, 3, 1, 2 }, new[] { -1f, -2, -1 }, null)]
    [InlineData(new[] { -1f, -2, -1, -2 }, new[] { -1f, -2, -1 }, Refusal.DoesNotSeparate)]
    [InlineData(new[] { -1f, -2 }, new[] { -1f, -2, -1 }, Refusal.Untested)] // Two rows prove little: it waits.
    [InlineData(new[] { -3f, -4 }, new[] { -1f, -2, -1 }, Refusal.DoesNotSeparate)] // But below all others is inverted.
    [InlineData(new float[0], new[] { -1f, -2, -1 }, Refusal.Untested)]
    [InlineData(new[] { 5f, 5, 5, 5 }, new[] { 1f, 2, -1 }, Refusal.FiresOnOthers)]
    public void The_rows_here_decide(float[] positives, float[] negatives, Refusal? expected) =>
        Assert.Equal(expected, AcceptanceGate.Judge(NewStage(1), s_own, Rows(positives), Rows(negatives)));

    [Theory]
    [InlineData(float.NaN, Refusal.NotFinite)]
    [InlineData(11f, Refusal.TooLarge)]
    [InlineData(9f, null)]
    public void Weights_must_be_numbers_of_a_common_size(float weight, Refusal? expected) =>
        Assert.Equal(expected, AcceptanceGate.Judge(NewStage(weight), s_own, Rows([1, 2, 3, 4]), Rows([-1])));

    [Fact]
    public void Later_rows_test_the_packet_as_it_arrived()
    {
        var stage = NewStage(1);
        stage.Network.Load([-1, 0]);

        Assert.True(AcceptanceGate.StillSeparates(stage, Rows([2, 3]), Rows([-1, 1])));
        Assert.False(AcceptanceGate.StillSeparates(stage, Rows([-2, -3]), Rows([-1, 1])));
        Assert.Equal([false, true, false, true, false], new long[] { 7, 9, 15, 16, 40 }.Select(stage.IsDueForTest));
    }

    private static Stage NewStage(float weight) => new(0, Network(weight), InputAveraging.None(1), new PacketOrigin("north", 1, 1, DateTimeOffset.MaxValue));

    private static DenseNetwork Network(float weight)
    {
        var network = new DenseNetwork(1, 1);
        network.Load([weight, 0]);
        return network;
    }

    private static List<float[]> Rows(float[] values) => [.. values.Select(value => new[] { value })];
}
