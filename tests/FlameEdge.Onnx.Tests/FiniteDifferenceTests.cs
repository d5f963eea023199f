using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class FiniteDifferenceTests
{
    private static readonly Dataset s_images = TestModels.Clusters(24, 3, seed: 8, shape: [2, 8, 8]);

    [Fact]
    public void The_loss_of_a_smooth_convolution_rises_as_its_gradient_says()
    {
        var model = ModelBytes.Of(["N", 2, 8, 8], (writer, x) =>
        {
            var convolved = writer.Op("Conv", [x, ModelBytes.Weight(writer, 4, 2, 3, 3), ModelBytes.Weight(writer, 4)], Attributes.Of("pads", [1L, 1, 1, 1]));
            var pooled = writer.Op("AveragePool", [writer.Op("Tanh", convolved)], Attributes.Of("kernel_shape", [2L, 2]), Attributes.Of("strides", [2L, 2]));
            return writer.Op("Gemm", writer.Op("Flatten", pooled), ModelBytes.Weight(writer, 64, 3), ModelBytes.Weight(writer, 3));
        });

        ModelBytes.WithFile(model, path => AssertSlope(new ModelSpec { Kind = "onnx", Path = path }));
    }

    [Theory]
    [InlineData(LossKind.CrossEntropy)]
    [InlineData(LossKind.BinaryCrossEntropy)]
    [InlineData(LossKind.MeanSquared)]
    [InlineData(LossKind.Huber)]
    public void Every_loss_of_a_tanh_network_rises_as_its_gradient_says(LossKind loss) => AssertSlope(TestModels.Mlp("tanh", 10), loss);

    // One step of size 1 without momentum is minus the gradient g; along g / |g| the loss must rise by |g| per unit.
    private static void AssertSlope(ModelSpec model, LossKind loss = LossKind.CrossEntropy)
    {
        using var trainer = Trainers.Open(model, s_images, new TrainingSpec { LearningRate = 1, BatchSize = null, Loss = loss, HuberDelta = 0.7 });
        trainer.Initialize(3);
        var start = trainer.Parameters();
        var result = trainer.Train(s_images, 0, TestContext.Current.CancellationToken);
        double[] gradient = [.. start.Zip(trainer.Parameters(), (before, after) => (double)before - after)];
        var norm = Math.Sqrt(gradient.Sum(value => value * value));

        // Wide enough that float32 logits do not drown the difference, narrow enough that the third order stays below the tolerance.
        const double Width = 5e-3;
        var slope = (LossAt(Width) - LossAt(-Width)) / (2 * Width);

        Assert.Equal(1, slope / norm, 1e-3);
        Assert.Equal(LossAt(0), result.Loss, 1e-5);

        double LossAt(double distance)
        {
            trainer.Load([.. start.Zip(gradient, (value, g) => (float)(value + (distance * g / norm)))]);
            return trainer.Evaluate(s_images, TestContext.Current.CancellationToken).Loss;
        }
    }
}
