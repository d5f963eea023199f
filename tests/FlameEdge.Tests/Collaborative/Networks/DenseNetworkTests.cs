using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Networks;

public class DenseNetworkTests
{
    [Fact]
    public void A_network_worked_by_hand()
    {
        var network = new DenseNetwork(2, 2, 1);
        network.Load([1, -1, 2, 0, 0.5f, -1, 3, 4, 0.25f]);
        var logits = new float[2];

        // Row (1, 2): units max(0, 1 − 2 + 0.5) = 0 and max(0, 2 − 1) = 1, so 4 + 0.25. Row (2, 0): 2.5 and 3, so 7.5 + 12 + 0.25.
        network.Forward(new float[] { 1, 2, 2, 0 }, logits);

        Assert.Equal([4.25f, 19.75f], logits);
    }

    [Fact]
    public void Gradients_are_those_of_finite_differences()
    {
        var network = DenseNetwork.Drawn(5, [3, 4, 3, 2], outputScale: 1);
        var random = new PortableRandom(7);
        float[] rows = [.. Enumerable.Range(0, 12).Select(_ => (float)random.Normal())];
        float[] weights = [.. Enumerable.Range(0, 8).Select(_ => (float)random.Normal())];
        network.Forward(rows, new float[8]);
        network.Backward(weights);
        var gradients = network.ParameterGradients.ToArray();

        for (var i = 0; i < gradients.Length; i++)
        {
            var slope = (Weighted(network, rows, weights, i, 1e-3f) - Weighted(network, rows, weights, i, -1e-3f)) / 2e-3;
            Assert.Equal(slope, gradients[i], 2e-2); // Float sums over a step of 1e-3.
        }
    }

    [Fact]
    public void A_step_is_momentum_and_weight_decay()
    {
        var network = new DenseNetwork(1, 1) { LearningRate = 0.1f, Momentum = 0.5f, WeightDecay = 0.1f };
        network.Load([2, 0]);
        network.Forward(new float[] { 1 }, new float[1]);

        // v = 1 + 0.1·2 = 1.2, w = 1.88; then v = 0.6 + 1.188 = 1.788, w = 1.7012.
        network.Step([1]);
        network.Step([1]);

        Assert.Equal(1.7012f, network.Parameters[0], 5);
    }

    [Fact]
    public void Averaging_an_image_and_summing_the_weights_is_one()
    {
        var averaging = new InputAveraging(1, 2, 4, 2);

        Assert.Equal([2.5f, 4.5f], averaging.Apply(new float[] { 1, 2, 3, 4, 3, 4, 5, 6 }).ToArray());
        Assert.Equal([10f, 18f], averaging.Sums([1, 2, 3, 4, 3, 4, 5, 6]));
    }

    private static double Weighted(DenseNetwork network, float[] rows, float[] weights, int place, float step)
    {
        var moved = new DenseNetwork([.. network.Layers.Select(layer => layer.Inputs), network.ClassCount]);
        var parameters = network.Parameters.ToArray();
        parameters[place] += step;
        moved.Load(parameters);
        var logits = new float[weights.Length];
        moved.Forward(rows, logits);
        return logits.Zip(weights, (logit, weight) => (double)logit * weight).Sum();
    }
}
