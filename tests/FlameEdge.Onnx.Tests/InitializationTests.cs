using FlameEdge.Testing.Models;
namespace FlameEdge.Onnx.Tests;

public class InitializationTests
{
    [Fact]
    public void A_softmax_regression_starts_at_zero()
    {
        var data = TestModels.Clusters(4, 3, seed: 1, shape: 8);
        using var trainer = Trainers.Open(TestModels.Softmax, data);
        trainer.Load(Enumerable.Repeat(1f, trainer.Layout.Length).ToArray());

        trainer.Initialize(12);

        Assert.All(trainer.Parameters(), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void A_seed_always_draws_the_same_parameters_and_another_seed_others()
    {
        var data = TestModels.Clusters(4, 3, seed: 1, shape: [1, 12, 12]);
        using var first = Trainers.Open(TestModels.LeNet, data);
        using var second = Trainers.Open(TestModels.LeNet, data);

        first.Initialize(12);
        second.Initialize(12);
        Assert.Equal(first.Parameters(), second.Parameters());

        second.Initialize(13);
        Assert.NotEqual(first.Parameters(), second.Parameters());
    }

    [Fact]
    public void Weights_are_normal_with_two_over_fan_in_and_biases_zero()
    {
        var data = TestModels.Clusters(4, 10, seed: 1, shape: 400);
        using var trainer = Trainers.Open(TestModels.Mlp("relu", 300), data);

        trainer.Initialize(1);

        var weights = Tensor(trainer, "layer1.weight");
        var mean = weights.Average(value => (double)value);
        var variance = weights.Average(value => (value - mean) * (value - mean));
        var kurtosis = weights.Average(value => Math.Pow(value - mean, 4)) / (variance * variance);

        // 120 000 draws: four standard errors are 1.2 % of a deviation for the mean, 1.6 % for the variance, 0.06 for the kurtosis of 3.
        var expected = 2.0 / 400;
        Assert.InRange(mean / Math.Sqrt(expected), -0.012, 0.012);
        Assert.InRange(variance / expected, 0.984, 1.016);
        Assert.InRange(kurtosis, 2.94, 3.06);
        Assert.All(Tensor(trainer, "layer1.bias"), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Names_say_the_layer_in_the_order_of_use()
    {
        var data = TestModels.Clusters(4, 3, seed: 1, shape: [2, 13, 15]);
        using var mlp = Trainers.Open(TestModels.Mlp("tanh", 5), data);
        using var lenet = Trainers.Open(TestModels.LeNet, data);

        Assert.Equal(["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias"], mlp.Layout.Entries.Select(entry => entry.Name));
        Assert.Equal(
            ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"],
            lenet.Layout.Entries.Select(entry => entry.Name));
        Assert.Equal([5, 390], mlp.Layout.Entries[0].Shape);
        Assert.Equal([16, 6, 5, 5], lenet.Layout.Entries[2].Shape);
    }

    private static float[] Tensor(OnnxTrainer trainer, string name)
    {
        var entry = trainer.Layout.Entries.Single(entry => entry.Name == name);
        return trainer.Parameters().AsSpan(entry.Offset, entry.Length).ToArray();
    }
}
