using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests;

/// <summary>Modules that a program brings along.</summary>
[Collection("Torch has one generator per process")]
public class ModuleTests
{
    private static readonly TrainingSpec s_training = new() { LearningRate = 0.05, BatchSize = 16, Epochs = 3, Momentum = 0.9 };
    private static readonly TorchEngine s_engine = new TorchEngine().AddModule("my-net", MyNet).AddModule("stubborn", (_, _) => nn.Linear(3, 2));

    [Fact]
    public void Parameters_come_first_and_running_statistics_are_buffers()
    {
        using var trainer = Open();

        Assert.Equal(
            ["conv.weight", "conv.bias", "norm.weight", "norm.bias", "last.weight", "last.bias", "norm.running_mean", "norm.running_var"],
            trainer.Layout.Entries.Select(entry => entry.Name));
        Assert.Equal(
            [ParameterKind.Trainable, ParameterKind.Buffer, ParameterKind.Buffer],
            trainer.Layout.Entries.TakeLast(3).Select(entry => entry.Kind));
    }

    [Fact]
    public void Dropout_and_all_the_same_seed_gives_the_same_bits()
    {
        var data = Data(60);
        using var first = Open();
        using var second = Open();
        second.Initialize(3);

        first.Initialize(7);
        second.Initialize(7);
        Assert.Equal(first.Parameters(), second.Parameters());
        var results = new[] { first, second }.Select(trainer => trainer.Train(data, 5, TestContext.Current.CancellationToken)).ToList();

        Assert.Equal(results[0], results[1]);
        Assert.Equal(first.Parameters(), second.Parameters());
    }

    [Fact]
    public void Training_moves_running_statistics_and_evaluation_does_not()
    {
        var data = Data(60);
        using var trainer = Open();
        trainer.Initialize(7);
        var statistics = trainer.Layout.Entries.Single(entry => entry.Name == "norm.running_mean");
        var start = trainer.Parameters();
        Assert.All(start[statistics.Offset..(statistics.Offset + statistics.Length)], value => Assert.Equal(0f, value));

        trainer.Train(data, 5, TestContext.Current.CancellationToken);
        var trained = trainer.Parameters();
        var score = trainer.Evaluate(data, TestContext.Current.CancellationToken);

        Assert.NotEqual(start[statistics.Offset..(statistics.Offset + statistics.Length)], trained[statistics.Offset..(statistics.Offset + statistics.Length)]);
        Assert.Equal(trained, trainer.Parameters());
        Assert.Equal(score, trainer.Evaluate(data, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_module_learns_to_tell_clusters_apart()
    {
        var data = Data(200);
        using var trainer = Open(s_training with { Epochs = 10 });
        trainer.Initialize(7);

        trainer.Train(data, 5, TestContext.Current.CancellationToken);

        Assert.True(trainer.Evaluate(data, TestContext.Current.CancellationToken) is { Accuracy: > 0.95 } score, "the clusters lie far apart");
    }

    [Theory]
    [InlineData("my-met", "did you mean 'my-net'?")]
    [InlineData("something-else", "this program brings my-net, stubborn")]
    [InlineData(null, "names its module")]
    [InlineData("stubborn", "does not take samples [1, 8, 8]")]
    public void What_cannot_be_opened_is_refused_in_one_line(string? module, string advice)
    {
        var refusal = Assert.Throws<ModelMismatchException>(() => s_engine.Open(new ModelSpec { Kind = "torch", Module = module }, [1, 8, 8], 3, s_training));

        Assert.Contains(advice, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void One_logit_per_class_is_asked_for()
    {
        var engine = new TorchEngine().AddModule("narrow", (_, _) => nn.Sequential(nn.Flatten(), nn.Linear(64, 2)));

        var refusal = Assert.Throws<ModelMismatchException>(() => engine.Open(new ModelSpec { Kind = "torch", Module = "narrow" }, [1, 8, 8], 3, s_training));

        Assert.Contains("must give [1, 3]", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_can_be_frozen_by_name()
    {
        var data = Data(60);
        using var trainer = Trainers.Open(new ModelSpec { Kind = "torch", Module = "my-net", Freeze = ["conv.*"] }, data, s_training, s_engine);
        trainer.Initialize(1);
        using var pass = trainer.OpenPass(["conv"]);
        var logits = new float[data.Count * 3];
        pass.Forward(data.Features, logits);
        var before = pass.Activation(0).ToArray();

        trainer.Train(data, 5, TestContext.Current.CancellationToken);
        pass.Forward(data.Features, logits);

        Assert.DoesNotContain(trainer.Layout.Entries, entry => entry.Name.StartsWith("conv", StringComparison.Ordinal));
        Assert.Equal(before, pass.Activation(0).ToArray());
    }

    private static nn.Module<Tensor, Tensor> MyNet(IReadOnlyList<int> sampleShape, int classCount) => nn.Sequential(
        ("conv", nn.Conv2d(sampleShape[0], 4, 3, padding: 1)),
        ("norm", nn.BatchNorm2d(4)),
        ("relu", nn.ReLU(inplace: true)),
        ("drop", nn.Dropout(0.3)),
        ("flat", nn.Flatten()),
        ("last", nn.Linear(4 * sampleShape[1] * sampleShape[2], classCount)));

    private static TorchTrainer Open(TrainingSpec? training = null) =>
        Trainers.Open(new ModelSpec { Kind = "torch", Module = "my-net" }, Data(2), training ?? s_training, s_engine);

    private static Dataset Data(int rows) => TestModels.Clusters(rows, 3, seed: 2, shape: [1, 8, 8]);
}
