using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Tests.Collaborative.Packets;

public class SentKnowledgeTests
{
    private static readonly KnowledgeClaims s_claims = new(1, 1, 0, 0, []);

    [Fact]
    public void What_a_refresh_leaves_out_comes_with_the_next_ones()
    {
        var sent = new SentKnowledge(Whole());
        var goal = sent.Held.ToArray().Select((value, i) => value + (0.1f * (i - 5))).ToArray();
        var first = Distance(sent.Held, goal);

        // Three places of fifteen at a time: after five the target has it all, up to what int8 rounds; without the residual it would stay behind.
        List<double> distances = [.. Enumerable.Range(0, 8).Select(_ =>
        {
            sent.Next(goal, s_claims, count: 3);
            return Distance(sent.Held, goal);
        })];

        Assert.True(distances[0] < first && distances[0] > 0.3 * first, $"{first} → {distances[0]}");
        Assert.True(distances[^1] < 1e-3 * first, $"{first} → {distances[^1]}");
    }

    [Fact]
    public void Target_and_helper_hold_the_same_bits_after_any_number_of_refreshes()
    {
        var sent = new SentKnowledge(Whole());
        var target = Whole().Restore().Parameters.ToArray();
        for (var round = 1; round < 6; round++)
        {
            var goal = target.Select((value, i) => value + (MathF.Sin(round * i) / 3)).ToArray();
            var bytes = PacketWriter.Write(new RefreshPacket(1, 2, 3, 4, [sent.Next(goal, s_claims, count: 5)]));
            var refresh = PacketReader.Read(bytes).Refresh!.Classes[0]; // It is one.

            Assert.Equal(SentKnowledge.HashOf(target), refresh.Base);
            refresh.Change.AddTo(target);
        }

        Assert.Equal(target, sent.Held.ToArray());
        Assert.Equal(SentKnowledge.HashOf(target), sent.Hash);
    }

    private static double Distance(ReadOnlySpan<float> held, float[] goal) => held.ToArray().Zip(goal, (one, other) => Math.Abs((double)one - other)).Sum();

    private static ClassKnowledge Whole()
    {
        var network = new DenseNetwork(3, 2, 1, 1, 1);
        network.Load([.. Enumerable.Range(0, network.Parameters.Length).Select(i => 0.1f * (i - 5))]);
        return ClassKnowledge.Of(5, network, [new UnitChoice(8, [1, 5]), new UnitChoice(3, [1]), new UnitChoice(3, [2])]);
    }
}
