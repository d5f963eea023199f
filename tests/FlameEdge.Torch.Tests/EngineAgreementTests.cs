using FlameEdge.Models;
using FlameEdge.Onnx;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests;

/// <summary>A Torch trainer and an ONNX trainer may meet in one job: same layout, same start, same steps.</summary>
public class EngineAgreementTests
{
    // Largest difference relative to the largest movement: both compute in float32, in another order.
    private const double Tolerance = 1e-4;

    private static readonly TrainingSpec s_plain = new() { LearningRate = 0.01, BatchSize = 16 };

    // An epsilon well above rounding: with 1e-8 Adam makes full steps out of gradients that are nothing but rounding.
    private static readonly TrainingSpec s_adam = new() { Optimizer = OptimizerKind.Adam, LearningRate = 0.005, Epsilon = 1e-4, BatchSize = 16 };

    private static readonly Dictionary<string, TrainingSpec> s_settings = new(StringComparer.Ordinal)
    {
        ["sgd"] = s_plain,
        ["momentum"] = s_plain with { Momentum = 0.9 },
        ["weight decay"] = s_plain with { Momentum = 0.9, WeightDecay = 0.01 },
        ["nesterov"] = s_plain with { Momentum = 0.8, Nesterov = true, WeightDecay = 0.001 },
        ["adam"] = s_adam,
        ["adam with decay"] = s_adam with { WeightDecay = 0.01, Beta1 = 0.8, Beta2 = 0.95 },
        ["adamw"] = s_adam with { Optimizer = OptimizerKind.AdamW, WeightDecay = 0.1 },
        ["clipped"] = s_plain with { ClipNorm = 0.3 },
        ["proximal"] = s_plain with { Proximal = 0.5, Epochs = 2 },
        ["everything"] = s_plain with { Momentum = 0.5, Nesterov = true, WeightDecay = 0.01, ClipNorm = 1, Proximal = 0.1, Epochs = 2 },
        ["binary cross-entropy"] = s_plain with { Loss = LossKind.BinaryCrossEntropy },
        ["mean squared"] = s_plain with { Loss = LossKind.MeanSquared },
        ["huber"] = s_plain with { Loss = LossKind.Huber, HuberDelta = 0.4 },
        ["full batch"] = s_plain with { BatchSize = null, Steps = 4 },
    };

    private static readonly Dictionary<string, ModelSpec> s_models = new(StringComparer.Ordinal)
    {
        ["softmax"] = TestModels.Softmax,
        ["mlp relu"] = TestModels.Mlp("relu", 12, 9),
        ["mlp tanh"] = TestModels.Mlp("tanh", 12),
        ["mlp sigmoid"] = TestModels.Mlp("sigmoid", 12),
        ["mlp without hidden layers"] = TestModels.Mlp(),
        ["lenet"] = TestModels.LeNet,
        ["lenet, last layers"] = TestModels.LeNet with { TrainLast = 2 },
        ["mlp, frozen"] = TestModels.Mlp("relu", 12, 9) with { Freeze = ["layer2.*"] },
    };

    public static TheoryData<string> Models => [.. s_models.Keys];

    public static TheoryData<string, string> Rounds => [.. s_models.Keys.Where(model => model is "softmax" or "mlp relu" or "lenet").SelectMany(model => s_settings.Keys.Select(setting => (model, setting)))];

    [Theory]
    [MemberData(nameof(Models))]
    public void Layout_signature_and_start_are_the_same(string model)
    {
        var data = Data(10);
        using var torch = new TorchEngine().Open(s_models[model], data.SampleShape, data.ClassCount, s_plain);
        using var onnx = new OnnxEngine().Open(s_models[model], data.SampleShape, data.ClassCount, s_plain);

        torch.Initialize(12);
        onnx.Initialize(12);

        Assert.Equal(onnx.Layout.Signature, torch.Layout.Signature);
        Assert.Equal(onnx.Layout.Entries.Select(entry => (entry.Name, entry.Offset)), torch.Layout.Entries.Select(entry => (entry.Name, entry.Offset)));
        Assert.Equal(onnx.Parameters(), torch.Parameters());
    }

    [Theory]
    [MemberData(nameof(Rounds))]
    public void A_round_moves_the_parameters_alike(string model, string setting) => Agree(s_models[model], s_settings[setting], correction: false);

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_model_moves_alike(string model) => Agree(s_models[model], s_settings["everything"], correction: false);

    [Theory]
    [InlineData("softmax")]
    [InlineData("lenet")]
    public void A_correction_is_added_alike(string model) => Agree(s_models[model], s_settings["momentum"], correction: true);

    [Theory]
    [MemberData(nameof(Models))]
    public void Passes_give_the_same_logits_and_gradients(string model)
    {
        var data = Data(9);
        using var torch = new TorchEngine().Open(s_models[model], data.SampleShape, data.ClassCount, s_plain);
        using var onnx = new OnnxEngine().Open(s_models[model], data.SampleShape, data.ClassCount, s_plain);
        var weights = Enumerable.Range(0, 9 * 3).Select(i => MathF.Sin(i)).ToArray();
        var results = new List<(float[] Logits, float[] Gradients)>();
        foreach (var trainer in new[] { onnx, torch })
        {
            trainer.Initialize(4);
            using var pass = ((IGradientSource)trainer).OpenPass([]);
            var logits = new float[9 * 3];
            pass.Forward(data.Features, logits);
            pass.Backward(weights);
            results.Add((logits, pass.ParameterGradients.ToArray()));
        }

        Assert.InRange(Difference(results[0].Logits, results[1].Logits), 0, Tolerance);
        Assert.InRange(Difference(results[0].Gradients, results[1].Gradients), 0, Tolerance);
    }

    [Fact]
    public void Scores_are_the_same()
    {
        var data = Data(600);
        using var torch = new TorchEngine().Open(TestModels.LeNet, data.SampleShape, data.ClassCount, s_plain);
        using var onnx = new OnnxEngine().Open(TestModels.LeNet, data.SampleShape, data.ClassCount, s_plain);
        torch.Initialize(3);
        onnx.Initialize(3);

        var (expected, got) = (onnx.Evaluate(data, TestContext.Current.CancellationToken), torch.Evaluate(data, TestContext.Current.CancellationToken));

        Assert.Equal(expected.Loss, got.Loss, 1e-5);
        Assert.Equal(expected.Accuracy, got.Accuracy, 0.002); // a row of equal chances may fall either way
    }

    private static void Agree(ModelSpec model, TrainingSpec training, bool correction)
    {
        var data = Data(70);
        using var torch = new TorchEngine().Open(model, data.SampleShape, data.ClassCount, training);
        using var onnx = new OnnxEngine().Open(model, data.SampleShape, data.ClassCount, training);
        onnx.Initialize(5);
        var start = onnx.Parameters();
        var results = new List<(TrainingResult Result, float[] Parameters)>();
        foreach (var trainer in new[] { onnx, torch })
        {
            trainer.Load(start);
            if (correction)
            {
                ((IGradientCorrection)trainer).SetCorrection([.. start.Select((_, i) => 0.02f * MathF.Cos(i))]);
            }

            results.Add((trainer.Train(data, 8, TestContext.Current.CancellationToken), trainer.Parameters()));
        }

        var movement = results[0].Parameters.Zip(start, (now, before) => Math.Abs((double)now - before)).Max();
        var distance = results[0].Parameters.Zip(results[1].Parameters, (one, other) => Math.Abs((double)one - other)).Max();
        Assert.Equal(results[0].Result.Steps, results[1].Result.Steps);
        Assert.Equal(results[0].Result.Loss, results[1].Result.Loss, 1e-4);
        Assert.True(distance <= Tolerance * movement, $"{distance / movement:g3} of the movement {movement:g3}");
    }

    private static double Difference(float[] left, float[] right) =>
        left.Zip(right, (one, other) => Math.Abs((double)one - other)).Max() / Math.Max(left.Max(value => Math.Abs((double)value)), 1e-6);

    private static Dataset Data(int rows) => TestModels.Clusters(rows, 3, seed: 6, shape: [1, 12, 12]);
}
