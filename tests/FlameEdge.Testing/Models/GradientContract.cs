using FlameEdge.Models;
using FlameEdge.Topology;
using Xunit;

namespace FlameEdge.Testing.Models;

/// <summary>What passes called apart and corrections promise, for engines whose trainers have them; each engine's tests inherit it.</summary>
public abstract class GradientContract(IEngine engine)
{
    private const int Rows = 24;
    private const int Features = 5;
    private const int Hidden = 6;
    private const int Classes = 3;
    private static readonly Dataset Data = TestModels.Clusters(Rows, Classes, seed: 6, shape: Features);
    private static readonly TrainingSpec WholeBatch = new() { BatchSize = null, LearningRate = 1 };

    // With one class the loss has no slope: only what comes from outside moves anything.
    private static readonly Dataset Flat = new("flat", [1], 1, new float[] { 1 }, new[] { 0 });
    private static readonly CancellationToken Never = CancellationToken.None;

    [Fact]
    public void A_tap_that_does_not_exist_is_refused_by_name()
    {
        using var trainer = engine.Open(TestModels.Mlp("relu", Hidden), Data);

        var refusal = Assert.Throws<ArgumentException>(() => ((IGradientSource)trainer).OpenPass(["nothing"]));

        Assert.Contains("nothing", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mlp", 3)]
    [InlineData("lenet", 1)]
    public void With_the_gradient_of_the_cross_entropy_a_pass_does_what_training_does(string kind, int steps)
    {
        var data = TestModels.Clusters(Rows, Classes, seed: 6, shape: [1, 12, 12]);
        var model = new ModelSpec { Kind = kind, Hidden = [Hidden], Activation = "tanh" };
        var training = WholeBatch with { LearningRate = 0.3, Momentum = 0.9, Steps = steps };
        using var trained = engine.Open(model, data, training);
        using var stepped = engine.Open(model, data, training);
        trained.Initialize(4);
        stepped.Initialize(4);
        var start = stepped.Parameters();
        trained.Train(data, 0, Never);

        using var pass = Pass(stepped);
        for (var step = 0; step < steps; step++)
        {
            var logits = new float[Rows * Classes];
            pass.Forward(data.Features, logits);
            pass.Step(CrossEntropySlope(logits, data));
        }

        // The same steps in float32, the outside gradient rounded once more.
        var movement = trained.Parameters().Zip(start, (now, before) => Math.Abs(now - before)).Max();
        Assert.Equal(trained.Parameters(), stepped.Parameters(), TestModels.Close(1e-5 * movement));
        Assert.NotEqual(0, stepped.Evaluate(data, Never).Accuracy);
    }

    [Fact]
    public void Parameter_gradients_are_those_of_a_step()
    {
        using var trainer = engine.Open(TestModels.Mlp("relu", Hidden), Data, WholeBatch);
        trainer.Initialize(4);
        var before = trainer.Parameters();
        var logits = new float[Rows * Classes];
        using var pass = Pass(trainer);

        pass.Forward(Data.Features, logits);
        pass.Backward(CrossEntropySlope(logits, Data));
        var gradients = pass.ParameterGradients.ToArray();
        trainer.Train(Data, 0, Never);

        Assert.Equal(before.Zip(trainer.Parameters(), (old, now) => old - now), gradients, TestModels.Close(1e-6));
    }

    [Fact]
    public void Taps_show_activations_and_their_gradients()
    {
        using var trainer = engine.Open(TestModels.Mlp("relu", Hidden), Data);
        trainer.Initialize(4);
        var logits = new float[Rows * Classes];
        var seeds = Enumerable.Range(0, logits.Length).Select(i => (float)Math.Sin(i)).ToArray();
        using var pass = Pass(trainer, 0, 1, 2);

        pass.Forward(Data.Features, logits);
        pass.Backward(seeds);
        pass.Backward(seeds); // goes over the same rows again, and counts nothing twice

        Assert.Equal(logits, pass.Activation(2));
        Assert.Equal(seeds, pass.ActivationGradient(2));
        var weights = Values(trainer, trainer.Parameters(), "layer2.weight");
        var sums = new double[Hidden];
        for (var at = 0; at < Rows * Hidden; at++)
        {
            var (row, unit) = (at / Hidden, at % Hidden);
            var expected = Enumerable.Range(0, Classes).Sum(k => seeds[(row * Classes) + k] * weights[(k * Hidden) + unit]);
            Assert.Equal(Math.Max(pass.Activation(0)[at], 0), pass.Activation(1)[at]);
            Assert.Equal(expected, pass.ActivationGradient(1)[at], 1e-5);
            Assert.Equal(pass.Activation(0)[at] > 0 ? expected : 0, pass.ActivationGradient(0)[at], 1e-5);
            sums[unit] += pass.ActivationGradient(0)[at];
        }

        // What reaches the first layer's output, summed over the rows, is its bias's gradient.
        Assert.Equal(sums.Select(sum => (float)sum), Values(trainer, pass.ParameterGradients, "layer1.bias"), TestModels.Close(1e-4));
    }

    [Fact]
    public void Batches_of_any_size_follow_each_other()
    {
        using var trainer = engine.Open(TestModels.Mlp("relu", Hidden), Data);
        trainer.Initialize(4);
        var whole = new float[Rows * Classes];
        using var pass = Pass(trainer, 0);
        pass.Forward(Data.Features, whole);
        var hidden = pass.Activation(0).ToArray();

        foreach (var rows in new[] { 7, Rows, 1, 7 })
        {
            var part = new float[rows * Classes];
            pass.Forward(Data.Features[..(rows * Features)], part);
            pass.Backward(part);

            Assert.Equal(whole[..part.Length], part, TestModels.Close(1e-6));
            Assert.Equal(hidden[..(rows * Hidden)], pass.Activation(0).ToArray(), TestModels.Close(1e-6));
            Assert.Equal(rows * Hidden, pass.ActivationGradient(0).Length);
        }

        Assert.Throws<ArgumentException>(() => pass.Forward(new float[3], new float[3]));
        Assert.Throws<ArgumentException>(() => pass.Backward(new float[3]));
    }

    [Fact]
    public void Frozen_layers_stay_out_and_as_they_are()
    {
        using var trainer = engine.Open(TestModels.Mlp("relu", Hidden) with { Freeze = ["layer1.*"] }, Data, WholeBatch with { LearningRate = 0.05, Momentum = 0.9, Epochs = 9 });
        using var pass = Pass(trainer, 0);
        trainer.Initialize(3);
        pass.Forward(Data.Features, new float[Rows * Classes]);
        var before = pass.Activation(0).ToArray();

        trainer.Train(Data, 1, Never);

        Assert.Equal(["layer2.weight", "layer2.bias"], trainer.Layout.Entries.Select(entry => entry.Name));
        pass.Forward(Data.Features, new float[Rows * Classes]);
        Assert.Equal(before, pass.Activation(0));
        Assert.Contains(before, value => value != 0);
    }

    [Fact]
    public void Below_frozen_layers_activations_still_have_gradients()
    {
        using var trainer = engine.Open(TestModels.Mlp("tanh", Hidden) with { Freeze = ["layer1.*"] }, Data);
        trainer.Initialize(1);
        using var pass = Pass(trainer, 0);

        pass.Forward(Data.Features, new float[Rows * Classes]);
        pass.Backward([.. Enumerable.Repeat(1f, Rows * Classes)]);

        Assert.Contains(pass.ActivationGradient(0).ToArray(), value => value != 0);
    }

    [Fact]
    public void A_correction_holds_until_it_is_removed()
    {
        using var trainer = engine.Open(TestModels.Softmax, Flat, new TrainingSpec { LearningRate = 0.5, BatchSize = null, Steps = 3 });
        trainer.Load([0, 0]);

        Correct(trainer, 1, -2);
        trainer.Train(Flat, 1, Never);
        Assert.Equal([-1.5f, 3f], trainer.Parameters());

        Correct(trainer);
        trainer.Train(Flat, 1, Never);
        Assert.Equal([-1.5f, 3f], trainer.Parameters());
    }

    [Fact]
    public void A_correction_comes_and_goes_and_leaves_parameters_alone()
    {
        using var trainer = engine.Open(TestModels.Softmax, Data, WholeBatch with { LearningRate = 0.2, Epochs = 20 });
        trainer.Initialize(0);
        trainer.Train(Data, 1, Never);
        var learned = trainer.Parameters();

        Correct(trainer, new float[learned.Length]);
        Assert.Equal(learned, trainer.Parameters());
        Correct(trainer);
        Assert.Equal(learned, trainer.Parameters());

        trainer.Initialize(0);
        trainer.Train(Data, 1, Never);
        Assert.Equal(learned, trainer.Parameters());
        Assert.Throws<ArgumentException>(() => Correct(trainer, new float[3]));
    }

    [Fact]
    public void The_proximal_term_pulls_to_what_was_loaded()
    {
        using var trainer = engine.Open(TestModels.Softmax, Flat, new TrainingSpec { LearningRate = 0.1, Proximal = 2, BatchSize = null, Steps = 1 });
        trainer.Load([3, -1]);
        using (var pass = Pass(trainer))
        {
            pass.Forward(Flat.Features, new float[1]);
            pass.Step([1]);
        }

        // The outside gradient moved both by -0.1; then the pull brings back 0.1 * 2 * 0.1 of that.
        Assert.Equal([2.9f, -1.1f], trainer.Parameters(), TestModels.Close(1e-6));
        trainer.Train(Flat, 1, Never);
        Assert.Equal([2.92f, -1.08f], trainer.Parameters(), TestModels.Close(1e-6));
    }

    // A pass that watches some of the trainer's tap points, by index.
    private static IGradientPass Pass(ITrainer trainer, params int[] taps)
    {
        var source = (IGradientSource)trainer;
        return source.OpenPass([.. taps.Select(tap => source.TapPoints[tap].Name)]);
    }

    private static void Correct(ITrainer trainer, params float[] correction) => ((IGradientCorrection)trainer).SetCorrection(correction);

    private static float[] Values(ITrainer trainer, ReadOnlySpan<float> values, string name)
    {
        var entry = trainer.Layout.Entries.Single(entry => entry.Name == name);
        return values.Slice(entry.Offset, entry.Length).ToArray();
    }

    // (softmax - one-hot) / N.
    private static float[] CrossEntropySlope(float[] logits, Dataset data)
    {
        var slope = new float[logits.Length];
        for (var row = 0; row < data.Count; row++)
        {
            var total = Enumerable.Range(0, Classes).Sum(k => Math.Exp(logits[(row * Classes) + k]));
            for (var k = 0; k < Classes; k++)
            {
                slope[(row * Classes) + k] = (float)(((Math.Exp(logits[(row * Classes) + k]) / total) - (data.Labels.Span[row] == k ? 1 : 0)) / data.Count);
            }
        }

        return slope;
    }
}
