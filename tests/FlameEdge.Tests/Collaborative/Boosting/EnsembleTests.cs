using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Boosting;

public class EnsembleTests
{
    private static readonly float[] s_row = [0.3f, -1.2f, 0.8f];
    private static readonly HashSet<int> s_none = [];

    [Fact]
    public void At_arrival_the_class_is_as_probable_as_its_specialist_says()
    {
        var (ensemble, stage) = Served(label: 1);
        var score = stage.Score(s_row)[0];

        var shares = Shares(ensemble, s_row);

        Assert.Equal(Logits.Sigmoid(score), shares[1], 5);
        Assert.Equal(1, shares.Sum(), 5);
    }

    [Fact]
    public void Wholly_handed_over_the_own_logit_counts_and_the_specialist_adds_to_it()
    {
        var (ensemble, stage) = Served(label: 1);
        ensemble.SetOwnTrust(1, 1);
        var (own, combined) = (new float[3], new float[3]);

        ensemble.Combine(s_row, own, combined);

        Assert.Equal([own[0], own[1] + stage.Score(s_row)[0], own[2]], combined);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.4f)]
    [InlineData(1f)]
    public void Joint_training_follows_the_gradient_of_the_combined_loss(float trust)
    {
        var (ensemble, stage) = Served(label: 1, momentum: 0);
        ensemble.SetOwnTrust(1, trust);
        float[] rows = [.. s_row, 1f, 0.5f, -0.4f, -0.7f, 0.1f, 1.1f];
        int[] labels = [1, 0, 2];
        var (own, mine) = (ensemble.Model.Parameters.ToArray(), stage.Network.Parameters.ToArray());
        var expectedOwn = Slopes(own, parameters => Loss(parameters, mine, trust, rows, labels));
        var expectedStage = Slopes(mine, parameters => Loss(own, parameters, trust, rows, labels));

        ensemble.Learn(rows, labels, s_none);

        Assert.All(expectedOwn.Zip(Moved(own, ensemble.Model.Parameters, ensemble.Model.LearningRate)), pair => Assert.Equal(pair.First, pair.Second, 5e-3)); // Float sums over a step of 1e-3.
        Assert.All(expectedStage.Zip(Moved(mine, stage.Network.Parameters, ensemble.SpecialistRate)), pair => Assert.Equal(pair.First, pair.Second, 5e-3));
    }

    [Fact]
    public void Where_every_class_has_a_specialist_they_decide_among_themselves()
    {
        var (ensemble, first) = Served(label: 0);
        var (second, third) = (NewStage(1, 21), NewStage(2, 22));
        ensemble.Add(second);
        ensemble.Add(third);
        var before = ensemble.Model.Parameters.ToArray();

        var shares = Shares(ensemble, s_row);
        ensemble.Learn(s_row, [0], s_none);

        var expected = new float[3];
        Logits.Softmax([first.Score(s_row)[0], second.Score(s_row)[0], third.Score(s_row)[0]], expected);
        Assert.All(shares, share => Assert.True(float.IsFinite(share)));
        Assert.Equal(before, ensemble.Model.Parameters);
    }

    [Fact]
    public void A_frozen_class_moves_nothing()
    {
        var model = DenseNetwork.Drawn(3, [3, 4, 3]);
        var ensemble = new Ensemble(model);
        var before = model.Parameters.ToArray();

        ensemble.Learn(s_row, [2], new HashSet<int> { 2 });
        Assert.Equal(before, model.Parameters);

        ensemble.Learn(s_row, [0], new HashSet<int> { 2 });
        var last = model.Layers[^1];
        Assert.Equal(last.Row(before, 2), last.Row(model.Parameters, 2));
        Assert.NotEqual(before, model.Parameters.ToArray());
    }

    [Fact]
    public void The_gain_of_a_good_specialist_is_above_zero_and_of_an_inverted_one_below()
    {
        var (ensemble, stage) = Served(label: 1);
        stage.Offset = 3;
        var (own, combined) = (new float[3], new float[3]);
        ensemble.Combine(s_row, own, combined);
        var good = ensemble.Gain(stage, own, combined, [1], (1, 1));
        var bad = ensemble.Gain(stage, own, combined, [0], (1, 1));

        Assert.True(good > 0);
        Assert.True(bad < 0);
    }

    [Theory]
    [InlineData(4, 1, 1)] // Its due share of sixteen rows and four classes.
    [InlineData(2, 2, 0.857)] // Half of it: ¼ · 160 ÷ 20, ¾ · 160 ÷ 140.
    [InlineData(1, 3, 0.8)] // Four times as much would be too much for one row.
    [InlineData(8, 1, 1)] // A common class needs no help.
    public void In_a_specialists_gain_every_class_counts_alike_whatever_its_share(int rowsOfClass, double ofClass, double ofOthers)
    {
        var (_, stage) = Served(label: 1);
        int[] labels = [.. Enumerable.Range(0, 16).Select(row => row < rowsOfClass ? 1 : 0)];
        var weights = (OfClass: 0.0, OfOthers: 0.0);
        for (var batch = 0; batch < 200; batch++)
        {
            weights = stage.Weigh(labels, classCount: 4);
        }

        Assert.Equal(ofClass, weights.OfClass, 3);
        Assert.Equal(ofOthers, weights.OfOthers, 3);
    }

    private static float[] Shares(Ensemble ensemble, float[] row)
    {
        var (own, combined, shares) = (new float[3], new float[3], new float[3]);
        ensemble.Combine(row, own, combined);
        Logits.Softmax(combined, shares);
        return shares;
    }

    private static (Ensemble Ensemble, Stage Stage) Served(int label, float momentum = 0.9f)
    {
        var model = new DenseNetwork(3, 4, 3) { Momentum = momentum };
        model.Load(DenseNetwork.Drawn(3, [3, 4, 3], outputScale: 1).Parameters);
        var ensemble = new Ensemble(model);
        var stage = NewStage(label, 20);
        ensemble.Add(stage);
        return (ensemble, stage);
    }

    private static Stage NewStage(int label, ulong seed) =>
        new(label, DenseNetwork.Drawn(seed, [3, 2, 1], outputScale: 1), InputAveraging.None(3), new PacketOrigin("north", seed, seed, DateTimeOffset.MaxValue));

    private static double Loss(float[] own, float[] mine, float trust, float[] rows, int[] labels)
    {
        var (model, network) = (new DenseNetwork(3, 4, 3), new DenseNetwork(3, 2, 1));
        model.Load(own);
        network.Load(mine);
        var ensemble = new Ensemble(model);
        ensemble.Add(new Stage(1, network, InputAveraging.None(3), new PacketOrigin("north", 1, 1, DateTimeOffset.MaxValue)));
        ensemble.SetOwnTrust(1, trust);
        var (z, combined) = (new float[9], new float[9]);
        ensemble.Combine(rows, z, combined);
        return Enumerable.Range(0, 3).Average(row => (double)Logits.LogSumExp(combined.AsSpan(3 * row, 3)) - combined[(3 * row) + labels[row]]);
    }

    private static double[] Slopes(float[] parameters, Func<float[], double> loss) => [.. Enumerable.Range(0, parameters.Length).Select(i => (loss(With(parameters, i, 1e-3f)) - loss(With(parameters, i, -1e-3f))) / 2e-3)];

    private static float[] With(float[] parameters, int place, float step)
    {
        var moved = (float[])parameters.Clone();
        moved[place] += step;
        return moved;
    }

    private static double[] Moved(float[] before, ReadOnlySpan<float> after, float rate) => [.. before.Zip(after.ToArray(), (a, b) => (a - b) / (double)rate)];
}
