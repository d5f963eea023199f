using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Topology;
using Xunit;

namespace FlameEdge.Testing.Models;

/// <summary>What every engine's trainers promise; each engine's tests inherit it.</summary>
public abstract class TrainerContract(IEngine engine)
{
    private static readonly TrainingSpec Sgd = new() { LearningRate = 0.05, Momentum = 0.9, BatchSize = 16, Epochs = 3 };
    private static readonly CancellationToken Never = CancellationToken.None;

    [Theory]
    [InlineData("softmax")]
    [InlineData("mlp")]
    [InlineData("lenet")]
    public void The_same_seed_parameters_and_data_give_the_same_bits(string kind) => GivesTheSameBits(kind, threads: 1);

    [Fact]
    public void Another_seed_takes_the_rows_in_another_order()
    {
        var data = TestModels.Clusters(70, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Softmax, data, Sgd);

        trainer.Initialize(0);
        trainer.Train(data, 1, Never);
        var first = trainer.Parameters();
        trainer.Initialize(0);
        trainer.Train(data, 2, Never);

        Assert.NotEqual(first, trainer.Parameters());
    }

    [Fact]
    public void A_full_batch_keeps_row_order_whatever_the_seed()
    {
        var data = TestModels.Clusters(70, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Softmax, data, Sgd with { BatchSize = null });

        trainer.Initialize(0);
        trainer.Train(data, 1, Never);
        var first = trainer.Parameters();
        trainer.Initialize(0);
        trainer.Train(data, 2, Never);

        Assert.Equal(first, trainer.Parameters());
    }

    [Theory]
    [InlineData(1, 16, null, 5)]
    [InlineData(3, 16, null, 15)]
    [InlineData(1, 70, null, 1)]
    [InlineData(2, null, null, 2)]
    [InlineData(1, 16, 12, 12)]
    [InlineData(1, null, 4, 4)]
    public void Counts_batches_by_epochs_or_by_steps(int epochs, int? batchSize, int? steps, int expected)
    {
        var data = TestModels.Clusters(70, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Softmax, data, new TrainingSpec { Epochs = epochs, BatchSize = batchSize, Steps = steps });
        trainer.Initialize(0);

        var result = trainer.Train(data, 1, Never);

        Assert.Equal((70, expected), (result.Samples, result.Steps));
    }

    [Fact]
    public void A_shorter_last_batch_weighs_its_own_rows()
    {
        // Three rows in batches of two: whatever the order, the last batch has one row, and its mean is over one.
        var data = new Dataset("equal rows", [1], 2, new float[] { 1, 1, 1 }, new[] { 0, 0, 0 });
        using var trainer = engine.Open(TestModels.Softmax, data, new TrainingSpec { LearningRate = 1, BatchSize = 2 });
        trainer.Initialize(0);

        var result = trainer.Train(data, 3, Never);

        // First step: gradient ∓1/2 on both weight and bias; then the logits differ by 2 and p(other) = 1 / (1 + e²).
        var rest = 1 / (1 + Math.Exp(2));
        Assert.Equal(2, result.Steps);
        Assert.Equal((Math.Log(2) + Math.Log(1 + Math.Exp(-2))) / 2, result.Loss, 1e-6);
        Assert.Equal(0.5 + rest, trainer.Parameters()[0], 1e-6);
    }

    [Fact]
    public void Loading_and_saving_are_exact()
    {
        var data = TestModels.Clusters(10, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Mlp("relu", 5), data);
        var parameters = Enumerable.Range(0, trainer.Layout.Length).Select(i => i / 7f).ToArray();

        trainer.Load(parameters);

        Assert.Equal(parameters, trainer.Parameters());
        Assert.Throws<ArgumentException>(() => trainer.Load(new float[3]));
        Assert.Throws<ArgumentException>(() => trainer.Save(new float[3]));
    }

    [Theory]
    [InlineData("relu")]
    [InlineData("tanh")]
    [InlineData("sigmoid")]
    public void Learns_to_tell_clusters_apart(string activation)
    {
        var data = TestModels.Clusters(300, 4, seed: 2, shape: 10);
        using var trainer = engine.Open(TestModels.Mlp(activation, 16, 12), data, Sgd with { Epochs = 10 });
        trainer.Initialize(3);
        var before = trainer.Evaluate(data, Never);

        trainer.Train(data, 1, Never);
        var after = trainer.Evaluate(data, Never);

        // Centres lie several deviations apart: anything that learns gets nearly all of them.
        Assert.True(after.Accuracy > 0.97, $"{before} -> {after}");
        Assert.True(after.Loss < before.Loss / 2, $"{before} -> {after}");
    }

    [Fact]
    public void An_evaluation_does_not_depend_on_how_rows_fall_into_runs()
    {
        var data = TestModels.Clusters(1000, 3, seed: 4, shape: 6);
        using var trainer = engine.Open(TestModels.Mlp("tanh", 7), data);
        trainer.Initialize(5);

        var whole = trainer.Evaluate(data, Never);
        var parts = Enumerable.Range(0, 10)
            .Select(part => new Dataset("part", [6], 3, data.Features.Slice(part * 600, 600), data.Labels.Slice(part * 100, 100)))
            .Select(part => trainer.Evaluate(part, Never))
            .ToList();

        Assert.Equal(parts.Average(part => part.Accuracy), whole.Accuracy, 12);
        Assert.Equal(parts.Average(part => part.Loss), whole.Loss, 6);
    }

    [Fact]
    public void Data_of_another_shape_is_refused_before_a_step()
    {
        var data = TestModels.Clusters(10, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Softmax, data);

        var wide = Assert.Throws<DatasetException>(() => trainer.Train(TestModels.Clusters(10, 3, 1, 9), 1, Never));
        var many = Assert.Throws<DatasetException>(() => trainer.Evaluate(TestModels.Clusters(10, 4, 1, 8), Never));

        Assert.Contains("9 features", wide.Message, StringComparison.Ordinal);
        Assert.Contains("4 classes", many.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_without_rows_changes_nothing()
    {
        var empty = new Dataset("empty", [8], 3, ReadOnlyMemory<float>.Empty, ReadOnlyMemory<int>.Empty);
        using var trainer = engine.Open(TestModels.Mlp("relu", 4), empty);
        trainer.Initialize(1);
        var before = trainer.Parameters();

        Assert.Equal(new TrainingResult(0, 0, 0), trainer.Train(empty, 1, Never));
        Assert.Equal(new EvaluationResult(0, 0, 0), trainer.Evaluate(empty, Never));
        Assert.Equal(before, trainer.Parameters());
    }

    [Fact]
    public void Training_stops_when_asked()
    {
        var data = TestModels.Clusters(10, 3, seed: 1, shape: 8);
        using var trainer = engine.Open(TestModels.Softmax, data);
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.Throws<OperationCanceledException>(() => trainer.Train(data, 1, source.Token));
    }

    [Fact]
    public void Rounds_on_changing_data_depend_on_the_data_of_the_round_alone()
    {
        var (one, other) = (TestModels.Clusters(70, 3, seed: 1, shape: 8), TestModels.Clusters(37, 3, seed: 2, shape: 8));
        using var trainer = engine.Open(TestModels.Softmax, one, Sgd);
        var results = new List<float[]>();
        foreach (var data in new[] { one, one, other, one })
        {
            trainer.Initialize(0);
            trainer.Train(data, 5, Never);
            results.Add(trainer.Parameters());
        }

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[3]);
        Assert.NotEqual(results[0], results[2]);
    }

    /// <summary>Two trainers, one of which has done other things before, and what they make of one start, seed and dataset.</summary>
    protected void GivesTheSameBits(string kind, int threads)
    {
        var training = Sgd with { Threads = threads };
        var data = TestModels.Clusters(70, 3, seed: 1, shape: [1, 12, 12]);
        var model = new ModelSpec { Kind = kind, Hidden = [20] };
        using var first = engine.Open(model, data, training);
        using var second = engine.Open(model, data, training);
        second.Initialize(99);
        second.Train(data, 98, Never);

        var results = new List<TrainingResult>();
        foreach (var trainer in new[] { first, second })
        {
            trainer.Initialize(7);
            results.Add(trainer.Train(data, 11, Never));
        }

        Assert.Equal(results[0], results[1]);
        Assert.Equal(first.Parameters(), second.Parameters());
    }
}
