using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class GradientPassTests() : GradientContract(new OnnxEngine())
{
    private static readonly Dataset s_data = TestModels.Clusters(24, 3, seed: 6, shape: 5);
    private static readonly TrainingSpec s_momentum = new() { BatchSize = null, LearningRate = 0.3, Momentum = 0.9, Steps = 3 };

    [Fact]
    public void Tap_points_are_named_with_the_shape_of_one_sample()
    {
        var images = TestModels.Clusters(4, 3, seed: 1, shape: [1, 12, 12]);
        using var trainer = Trainers.Open(TestModels.LeNet, images);

        Assert.Equal(
            ["Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm", "Relu", "Gemm"],
            trainer.TapPoints.Select(point => point.Kind));
        Assert.Equal([6, 12, 12], trainer.TapPoints[0].Shape);
        Assert.Equal([3], trainer.TapPoints[^1].Shape);
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
            using var trainer = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path }, TestModels.Clusters(4, 3, seed: 1, shape: 4));

            Assert.Equal([[4], [3]], trainer.TapPoints.Select(point => point.Shape));
        });
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
            using var trainer = Trainers.Open(new ModelSpec { Kind = "onnx", Path = path, TrainLast = 2 }, s_data);
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
    public void A_pass_allocates_next_to_nothing()
    {
        using var trainer = Trainers.Open(TestModels.Mlp("relu", 6), s_data, s_momentum);
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
}
