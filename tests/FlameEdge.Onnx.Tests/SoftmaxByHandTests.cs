using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

public class SoftmaxByHandTests
{
    // x = (1, 2) of class 0 and (3, -1) of class 1; at zero weights both classes have probability 1/2, so the gradient of the
    // logits is (-1/4, 1/4) and (1/4, -1/4), that of the weights ±(1/2, -3/4), and those of the biases cancel.
    private static readonly Dataset s_data = new("by hand", [2], 2, new float[] { 1, 2, 3, -1 }, new[] { 0, 1 });

    [Fact]
    public void One_step_goes_down_the_gradient_worked_out_by_hand()
    {
        using var trainer = Trainers.Open(TestModels.Softmax, s_data, new TrainingSpec { LearningRate = 1, BatchSize = null });
        trainer.Initialize(1);

        var result = trainer.Train(s_data, 1, TestContext.Current.CancellationToken);

        Assert.Equal(Math.Log(2), result.Loss, 6);
        Assert.Equal((2, 1), (result.Samples, result.Steps));
        AssertClose([-0.5, 0.75, 0.5, -0.75, 0, 0], trainer.Parameters());
    }

    [Fact]
    public void Weight_decay_is_added_to_the_gradient_and_momentum_to_the_next_step()
    {
        // Two steps along the constant direction of the decay alone: features of zero leave the weights without a gradient.
        var data = new Dataset("zeros", [1], 2, new float[2], new[] { 0, 1 });
        var training = new TrainingSpec { LearningRate = 0.1, Momentum = 0.5, WeightDecay = 0.2, BatchSize = null, Steps = 2 };
        using var trainer = Trainers.Open(TestModels.Softmax, data, training);
        trainer.Load([1, -2, 0, 0]);

        trainer.Train(data, 1, TestContext.Current.CancellationToken);

        // v1 = 0.2, p1 = 0.98; v2 = 0.1 + 0.196 = 0.296, p2 = 0.9504.
        AssertClose([0.9504, -1.9008, 0, 0], trainer.Parameters());
    }

    [Fact]
    public void A_tie_counts_for_the_lowest_class_and_the_loss_is_in_nats()
    {
        using var trainer = Trainers.Open(TestModels.Softmax, s_data);
        trainer.Initialize(1);

        var score = trainer.Evaluate(s_data, TestContext.Current.CancellationToken);

        Assert.Equal(new EvaluationResult(2, 0.5, Math.Log(2)), score);
    }

    [Fact]
    public void Follows_a_plain_implementation_in_double_on_full_batches()
    {
        var data = TestModels.Clusters(200, 4, seed: 5, shape: 15);
        var training = new TrainingSpec { LearningRate = 0.3, Momentum = 0.9, WeightDecay = 0.01, BatchSize = null, Epochs = 20 };
        using var trainer = Trainers.Open(TestModels.Softmax, data, training);
        trainer.Initialize(0);

        var result = trainer.Train(data, 0, TestContext.Current.CancellationToken);

        var (expected, meanLoss) = PlainSoftmax.Train(data, training);
        Assert.Equal(meanLoss, result.Loss, 1e-5);
        Assert.Equal(20, result.Steps);

        // 1e-5 is float32's resolution after twenty steps of sums over two hundred rows.
        AssertClose(expected, trainer.Parameters(), 1e-5);
    }

    private static void AssertClose(double[] expected, float[] got, double tolerance = 1e-6)
    {
        Assert.Equal(expected.Length, got.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - got[i]) <= tolerance, $"parameter {i} is {got[i]}, not {expected[i]}");
        }
    }
}
