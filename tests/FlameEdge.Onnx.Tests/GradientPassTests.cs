using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class GradientPassTests
{
    private static readonly Dataset s_data = TestModels.Clusters(24, 3, seed: 6, shape: 5);
    private static readonly TrainingSpec s_momentum = new() { BatchSize = null, LearningRate = 0.3, Momentum = 0.9, Steps = 3 };

    [Fact]
    public void Tap_points_are_named_with_the_shape_of_one_sample()
    {
        var images = TestModels.Clusters(4, 3, seed: 1, shape: [1, 12, 12]);
        using var trainer = TestModels.Open(TestModels.LeNet, images);

        Assert.Equal(
            ["Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm", "Relu", "Gemm"],
            trainer.TapPoints.Select(point => point.Kind));
        Assert.Equal([6, 12, 12], trainer.TapPoints[0].Shape);
        Assert.Equal([3], trainer.TapPoints[^1].Shape);
        Assert.Throws<ArgumentException>(() => trainer.OpenPass(["nothing"]));
    }

    [Fact]
    public void A_value_that_mixes_samples_is_no_tap_point()
    {
        var model = ModelBytes.Of(["N", 4], (writer, x) =>
        {
            var rows = writer.Op("Tanh", x.Reshape(-1, 2));
            return writer.Op("Gemm", rows.Reshape(-1, 4), ModelBytes.Weight(writer, 4, 3), ModelBytes.Weight(writer, 3));
        });
        ModelBytes.WithFile(model, path =>
        {
            using var trainer = TestModels.Open(new ModelSpec { Kind = "onnx", Path = path }, TestModels.Clusters(4, 3, seed: 1, shape: 4));

            Assert.Equal([[4], [3]], trainer.TapPoints.Select(point => point.Shape));
        });
    }

    [Fact]
    public void With_the_gradient_of_the_cross_entropy_a_pass_does_what_training_does()
    {
        using var trained = TestModels.Open(TestModels.Mlp("tanh", 6), s_data, s_momentum);
        using var stepped = TestModels.Open(TestModels.Mlp("tanh", 6), s_data, s_momentum);
        trained.Initialize(4);
        stepped.Initialize(4);
        trained.Train(s_data, 0, TestContext.Current.CancellationToken);

        using var pass = stepped.OpenPass([]);
        for (var step = 0; step < 3; step++)
        {
            var logits = new float[24 * 3];
            pass.Forward(s_data.Features, logits);
            pass.Step(CrossEntropySlope(logits));
        }

        Assert.Equal(trained.Parameters(), stepped.Parameters(), TestModels.Close(1e-5));
        Assert.NotEqual(0, stepped.Evaluate(s_data, TestContext.Current.CancellationToken).Accuracy);
    }

    [Fact]
    public void Parameter_gradients_are_those_of_a_step()
    {
        using var trainer = TestModels.Open(TestModels.Mlp("relu", 6), s_data, new TrainingSpec { BatchSize = null, LearningRate = 1 });
        trainer.Initialize(4);
        var before = trainer.Parameters();
        var logits = new float[24 * 3];
        using var pass = trainer.OpenPass([]);

        pass.Forward(s_data.Features, logits);
        pass.Backward(CrossEntropySlope(logits));
        var gradients = pass.ParameterGradients.ToArray();
        trainer.Train(s_data, 0, TestContext.Current.CancellationToken);

        Assert.Equal(before.Zip(trainer.Parameters(), (old, now) => old - now), gradients, TestModels.Close(1e-6));
    }

    [Fact]
    public void Taps_show_activations_and_their_gradients()
    {
        using var trainer = TestModels.Open(TestModels.Mlp("relu", 6), s_data);
        trainer.Initialize(4);
        var (hidden, relu, last) = (trainer.TapPoints[0], trainer.TapPoints[1], trainer.TapPoints[2]);
        var logits = new float[24 * 3];
        var seeds = Enumerable.Range(0, logits.Length).Select(i => (float)Math.Sin(i)).ToArray();
        using var pass = trainer.OpenPass([hidden.Name, relu.Name, last.Name]);

        pass.Forward(s_data.Features, logits);
        pass.Backward(seeds);

        Assert.Equal(logits, pass.Activation(2));
        Assert.Equal(seeds, pass.ActivationGradient(2));
        var weights = trainer.Layout.Entries.First(entry => entry.Name == "layer2.weight");
        var w = trainer.Parameters().AsSpan(weights.Offset, weights.Length).ToArray();
        for (var row = 0; row < 24; row++)
        {
            for (var unit = 0; unit < 6; unit++)
            {
                var at = (row * 6) + unit;
                var expected = Enumerable.Range(0, 3).Sum(k => seeds[(row * 3) + k] * w[(k * 6) + unit]);
                Assert.Equal(Math.Max(pass.Activation(0)[at], 0), pass.Activation(1)[at]);
                Assert.Equal(expected, pass.ActivationGradient(1)[at], 1e-5);
                Assert.Equal(pass.Activation(0)[at] > 0 ? expected : 0, pass.ActivationGradient(0)[at], 1e-5);
            }
        }
    }

    [Fact]
    public void A_tap_below_everything_that_learns_has_a_gradient_and_one_off_the_way_has_none()
    {
        var model = ModelBytes.Of(["N", 5], (writer, x) =>
        {
            var hidden = writer.Op("Tanh", writer.Op("Gemm", x, ModelBytes.Weight(writer, 5, 4), ModelBytes.Weight(writer, 4)));
            writer.Op("Sigmoid", hidden);
            return writer.Op("Gemm", hidden, ModelBytes.Weight(writer, 4, 3), ModelBytes.Weight(writer, 3));
        });
        ModelBytes.WithFile(model, path =>
        {
            using var trainer = TestModels.Open(new ModelSpec { Kind = "onnx", Path = path, TrainLast = 2 }, s_data);
            trainer.Initialize(0);
            Assert.Equal(2, trainer.Layout.Entries.Count);
            using var pass = trainer.OpenPass(["Gemm", "Sigmoid"]);

            pass.Forward(s_data.Features, new float[24 * 3]);
            pass.Backward([.. Enumerable.Repeat(1f, 24 * 3)]);

            Assert.DoesNotContain(0, pass.ActivationGradient(0).ToArray());
            Assert.All(pass.ActivationGradient(1).ToArray(), value => Assert.Equal(0, value));
            Assert.Contains(pass.Activation(1).ToArray(), value => value > 0.5f);
        });
    }

    [Fact]
    public void Batches_of_any_size_follow_each_other()
    {
        using var trainer = TestModels.Open(TestModels.Mlp("relu", 6), s_data);
        trainer.Initialize(4);
        var whole = new float[24 * 3];
        using var pass = trainer.OpenPass([trainer.TapPoints[0].Name]);
        pass.Forward(s_data.Features, whole);
        var hidden = pass.Activation(0).ToArray();

        foreach (var rows in new[] { 7, 24, 1, 7 })
        {
            var part = new float[rows * 3];
            pass.Forward(s_data.Features[..(rows * 5)], part);
            pass.Backward(part);

            Assert.Equal(whole[..part.Length], part, TestModels.Close(1e-6));
            Assert.Equal(hidden[..(rows * 6)], pass.Activation(0).ToArray(), TestModels.Close(1e-6));
            Assert.Equal(rows * 6, pass.ActivationGradient(0).Length);
        }

        Assert.Throws<ArgumentException>(() => pass.Forward(new float[3], new float[3]));
        Assert.Throws<ArgumentException>(() => pass.Backward(new float[3]));
    }

    [Fact]
    public void A_pass_allocates_next_to_nothing()
    {
        using var trainer = TestModels.Open(TestModels.Mlp("relu", 6), s_data, s_momentum);
        trainer.Initialize(4);
        var logits = new float[24 * 3];
        using var pass = trainer.OpenPass([trainer.TapPoints[0].Name]);
        Once();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 100; i++)
        {
            Once();
        }

        // Three runs.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100.0, 0, 3 * 256);

        void Once()
        {
            pass.Forward(s_data.Features, logits);
            pass.Backward(logits);
            pass.Step(logits);
        }
    }

    // (softmax - one-hot) / N.
    private static float[] CrossEntropySlope(float[] logits)
    {
        var slope = new float[logits.Length];
        for (var row = 0; row < s_data.Count; row++)
        {
            var total = Enumerable.Range(0, 3).Sum(k => Math.Exp(logits[(row * 3) + k]));
            for (var k = 0; k < 3; k++)
            {
                slope[(row * 3) + k] = (float)(((Math.Exp(logits[(row * 3) + k]) / total) - (s_data.Labels.Span[row] == k ? 1 : 0)) / s_data.Count);
            }
        }

        return slope;
    }
}
