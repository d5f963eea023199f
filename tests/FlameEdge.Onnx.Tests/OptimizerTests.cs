using FlameEdge.Models;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

/// <summary>Twenty full-batch steps of every rule, beside the same rule written out in double.</summary>
public class OptimizerTests
{
    private static readonly Dataset s_data = TestModels.Clusters(40, 3, seed: 5, shape: 4);
    private static readonly TrainingSpec s_basis = new() { BatchSize = null, Epochs = 20, LearningRate = 0.2 };

    public static TheoryData<string, TrainingSpec> Rules => new()
    {
        { "plain", s_basis },
        { "decay", s_basis with { WeightDecay = 0.1 } },
        { "momentum", s_basis with { Momentum = 0.9 } },
        { "momentum and decay", s_basis with { Momentum = 0.9, WeightDecay = 0.1 } },
        { "nesterov", s_basis with { Momentum = 0.9, Nesterov = true } },
        { "nesterov and decay", s_basis with { Momentum = 0.9, Nesterov = true, WeightDecay = 0.1 } },
        { "adam", s_basis with { Optimizer = OptimizerKind.Adam, LearningRate = 0.05 } },
        { "adam and decay", s_basis with { Optimizer = OptimizerKind.Adam, LearningRate = 0.05, WeightDecay = 0.1 } },
        { "adam, other betas", s_basis with { Optimizer = OptimizerKind.Adam, LearningRate = 0.05, Beta1 = 0.5, Beta2 = 0.9, Epsilon = 1e-3 } },
        { "adam without a mean", s_basis with { Optimizer = OptimizerKind.Adam, LearningRate = 0.05, Beta1 = 0, Beta2 = 0.5, Epsilon = 0.1 } },
        { "adamw", s_basis with { Optimizer = OptimizerKind.AdamW, LearningRate = 0.05, WeightDecay = 0.1 } },
        { "clipped", s_basis with { ClipNorm = 0.3 } },
        { "clipped with everything", s_basis with { ClipNorm = 0.3, Momentum = 0.9, Nesterov = true, WeightDecay = 0.1, Proximal = 0.5 } },
        { "clipped adam", s_basis with { Optimizer = OptimizerKind.Adam, LearningRate = 0.05, ClipNorm = 0.01 } },
        { "proximal", s_basis with { Proximal = 2 } },
        { "proximal with momentum", s_basis with { Proximal = 2, Momentum = 0.9 } },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Follows_its_rule_in_double(string name, TrainingSpec training) => AssertFollows(name, training, []);

    [Theory]
    [MemberData(nameof(Rules))]
    public void Adds_a_correction_to_the_gradient(string name, TrainingSpec training) =>
        AssertFollows(name, training, [.. Enumerable.Range(0, 15).Select(i => 0.1f * (float)Math.Sin(i))]);

    [Fact]
    public void A_gradient_shorter_than_the_limit_is_not_touched()
    {
        var plain = Train(s_basis, []);

        Assert.Equal(plain, Train(s_basis with { ClipNorm = 1000 }, []), TestModels.Close(1e-6));
    }

    [Fact]
    public void The_layout_knows_nothing_of_the_optimizer()
    {
        var signatures = Rules.Select(row => row.Data.Item2).Select(training =>
        {
            using var trainer = Trainers.Open(TestModels.Mlp("relu", 5), s_data, training);
            return trainer.Layout.Signature;
        });

        Assert.Single(signatures.Distinct());
    }

    private static void AssertFollows(string name, TrainingSpec training, float[] correction)
    {
        var (expected, _) = PlainSoftmax.Train(s_data, training, correction);

        var parameters = Train(training, correction);

        // Twenty steps in float32 of numbers near one.
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - parameters[i]) < 2e-5, $"{name}: parameter {i} is {parameters[i]}, not {expected[i]}");
        }
    }

    private static float[] Train(TrainingSpec training, float[] correction)
    {
        using var trainer = Trainers.Open(TestModels.Softmax, s_data, training);
        trainer.SetCorrection(correction);
        trainer.Load(PlainSoftmax.Start(15));

        // The second round begins without memory of the first, which must not move the anchor of its own.
        trainer.Train(s_data, 1, TestContext.Current.CancellationToken);
        trainer.Load(PlainSoftmax.Start(15));
        trainer.Train(s_data, 1, TestContext.Current.CancellationToken);
        return trainer.Parameters();
    }
}
