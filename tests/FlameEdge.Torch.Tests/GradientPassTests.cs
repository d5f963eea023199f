using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests;

public class GradientPassTests
{
    [Fact]
    public void Tap_points_are_the_modules_in_their_order()
    {
        var data = Data();
        using var trainer = TestModels.Open(TestModels.LeNet, data);

        Assert.Equal(
            ["conv1 Conv2d 6,12,12", "relu1 ReLU 6,12,12", "pool1 MaxPool2d 6,6,6", "conv2 Conv2d 16,2,2", "relu2 ReLU 16,2,2", "pool2 MaxPool2d 16,1,1", "flatten1 Flatten 16", "fc1 Linear 120"],
            trainer.TapPoints.Take(8).Select(point => $"{point.Name} {point.Kind} {string.Join(',', point.Shape)}"));
        var refusal = Assert.Throws<ArgumentException>(() => trainer.OpenPass(["conv9"]));
        Assert.Contains("conv9", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Activations_and_their_gradients_are_those_of_the_pass()
    {
        var data = Data();
        using var trainer = TestModels.Open(TestModels.Mlp("relu", 7), data);
        trainer.Initialize(1);
        using var pass = trainer.OpenPass(["layer1", "relu1", "layer2"]);
        var logits = new float[data.Count * 3];
        var seed = Enumerable.Range(0, logits.Length).Select(i => MathF.Sin(i)).ToArray();

        pass.Forward(data.Features, logits);
        pass.Backward(seed);
        pass.Backward(seed); // goes over the same rows again, and counts nothing twice

        Assert.Equal(logits, pass.Activation(2).ToArray());
        Assert.Equal(seed, pass.ActivationGradient(2).ToArray());
        Assert.Equal(pass.Activation(0).ToArray().Select(value => Math.Max(value, 0)), pass.Activation(1).ToArray());

        // What reaches the first layer's output, summed over the rows, is its bias's gradient.
        var bias = trainer.Layout.Entries.Single(entry => entry.Name == "layer1.bias");
        var sums = new double[7];
        foreach (var (value, index) in pass.ActivationGradient(0).ToArray().Select((value, index) => (value, index)))
        {
            sums[index % 7] += value;
        }

        Assert.Equal(sums, pass.ParameterGradients.Slice(bias.Offset, bias.Length).ToArray().Select(value => (double)value), (left, right) => Math.Abs(left - right) < 1e-4);
    }

    [Fact]
    public void A_step_with_the_gradient_of_the_cross_entropy_is_a_step_of_training()
    {
        var data = Data();
        var training = new TrainingSpec { LearningRate = 0.3, BatchSize = null, Steps = 1 };
        using var trainer = TestModels.Open(TestModels.LeNet, data, training);
        trainer.Initialize(1);
        var start = trainer.Parameters();
        trainer.Train(data, 1, TestContext.Current.CancellationToken);
        var expected = trainer.Parameters();

        trainer.Load(start);
        using var pass = trainer.OpenPass([]);
        var logits = new float[data.Count * 3];
        pass.Forward(data.Features, logits);
        pass.Step(CrossEntropyGradient(logits, data));

        var movement = expected.Zip(start, (now, before) => Math.Abs(now - before)).Max();
        Assert.InRange(expected.Zip(trainer.Parameters(), (one, other) => Math.Abs(one - other)).Max() / movement, 0, 1e-5);
        Assert.Throws<InvalidOperationException>(() => pass.Backward(logits));
    }

    [Fact]
    public void Below_frozen_layers_activations_still_have_gradients()
    {
        var data = Data();
        using var trainer = TestModels.Open(TestModels.Mlp("tanh", 7) with { Freeze = ["layer1.*"] }, data);
        trainer.Initialize(1);
        using var pass = trainer.OpenPass(["layer1"]);

        pass.Forward(data.Features, new float[data.Count * 3]);
        pass.Backward([.. Enumerable.Repeat(1f, data.Count * 3)]);

        Assert.Contains(pass.ActivationGradient(0).ToArray(), value => value != 0);
    }

    private static float[] CrossEntropyGradient(float[] logits, Dataset data)
    {
        var gradient = new float[logits.Length];
        for (var row = 0; row < data.Count; row++)
        {
            var exponents = logits.Skip(row * 3).Take(3).Select(logit => Math.Exp(logit)).ToArray();
            for (var c = 0; c < 3; c++)
            {
                gradient[(row * 3) + c] = (float)(((exponents[c] / exponents.Sum()) - (data.Labels.Span[row] == c ? 1 : 0)) / data.Count);
            }
        }

        return gradient;
    }

    private static Dataset Data() => TestModels.Clusters(11, 3, seed: 6, shape: [1, 12, 12]);
}
