using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Testing.Models;

namespace FlameEdge.Torch.Tests.Collaborative;

/// <summary>An engine's model is as good a network of a site as the plain one: same values, same significance, same cut.</summary>
public class SiteModelTests
{
    // Relative to the largest value: both compute in float32, in another order.
    private const double Tolerance = 1e-4;

    public static TheoryData<string, string> Criteria => [.. SiteModels.Engines.SelectMany(engine => new[] { "taylor", "fisher", "activation", "magnitude" }.Select(name => (engine.Data, name)))];

    [Theory]
    [MemberData(nameof(SiteModels.Engines), MemberType = typeof(SiteModels))]
    public void Activations_and_gradients_are_those_of_the_plain_network(string engine)
    {
        using var plain = SiteModels.Mlp("plain", 7, 10, 6);
        using var model = SiteModels.Mlp(engine, 7, 10, 6);
        var (samples, _) = SiteModels.Batch(new PortableRandom(1), SiteModels.Classes);
        var (expected, logits) = (new float[16 * SiteModels.Classes], new float[16 * SiteModels.Classes]);
        var seeds = expected.Select((_, i) => MathF.Sin(i)).ToArray();

        plain.Forward(samples, expected);
        model.Forward(samples, logits);
        plain.Backward(seeds);
        model.Backward(seeds);

        Close(expected, logits);
        Close(plain.ParameterGradients, model.ParameterGradients);
        for (var tap = 0; tap < 2; tap++)
        {
            Close(plain.Activation(tap), model.Activation(tap));
            Close(Masked(plain, tap), Masked(model, tap));
        }
    }

    [Theory]
    [MemberData(nameof(SiteModels.Engines), MemberType = typeof(SiteModels))]
    public void Steps_at_a_changing_rate_start_from_the_same_place_and_follow_the_same_slope(string engine)
    {
        using var plain = SiteModels.Mlp("plain", 7, 10, 6);
        using var model = SiteModels.Mlp(engine, 7, 10, 6);
        var start = plain.Parameters.ToArray();
        foreach (var network in new[] { plain, model })
        {
            network.LearningRate = 0.05f;
            Learn(network, batches: 1);
        }

        var first = plain.Parameters.ToArray();
        Close(Moved(first, start), Moved(model.Parameters, start));
        Assert.Contains(Moved(first, start), value => value != 0);
    }

    [Theory]
    [MemberData(nameof(Criteria))]
    public void Significance_does_not_depend_on_the_engine(string engine, string name)
    {
        ISignificance criterion = name switch { "taylor" => new TaylorSignificance(), "fisher" => new FisherSignificance(), "activation" => new ActivationSignificance(), _ => new MagnitudeSignificance() };
        using var plain = SiteModels.Mlp("plain", 7, 10, 6);
        using var model = SiteModels.Mlp(engine, 7, 10, 6);
        var random = new PortableRandom(2);
        var sample = new ClassSample(1, [.. Enumerable.Range(0, 30).SelectMany(_ => SiteModels.Row(1, random))], [.. Enumerable.Range(0, 30).SelectMany(i => SiteModels.Row(2 * (i % 2), random))]);

        var (expected, scores) = (criterion.Score(plain, sample), criterion.Score(model, sample));

        for (var layer = 0; layer < expected.Length; layer++)
        {
            Close(expected[layer], scores[layer]);
        }
    }

    [Theory]
    [MemberData(nameof(SiteModels.Engines), MemberType = typeof(SiteModels))]
    public void The_packet_cut_from_the_same_weights_is_the_same(string engine)
    {
        using var plain = SiteModels.Mlp("plain", 7, 24, 12);
        Learn(plain, batches: 60);
        using var model = SiteModels.Mlp(engine, 7, 24, 12);
        model.Load(plain.Parameters);

        var (expected, knowledge) = (Cut(plain), Cut(model));

        Assert.Equal(expected.Units.SelectMany(units => units.Kept), knowledge.Units.SelectMany(units => units.Kept));
        Assert.True(expected.Claims.Auc > 0.9, $"{expected.Claims}");
        foreach (var (one, other) in expected.Layers.Zip(knowledge.Layers))
        {
            // A weight half way between two bytes may fall either way.
            Assert.All(one.Weights.Zip(other.Weights), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1));
            Assert.All(one.Scales.Zip(other.Scales), pair => Assert.Equal((float)pair.First, (float)pair.Second, 1e-3f * (float)pair.First));
        }
    }

    [Fact]
    public void An_activation_that_specialists_do_not_have_is_refused()
    {
        var refusal = Assert.Throws<ModelMismatchException>(() => SiteModels.Of("onnx", TestModels.Mlp("tanh", 4), [3], 2));

        Assert.Contains("relu", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_are_not_the_models_tensors_are_refused_by_name()
    {
        using var trainer = SiteModels.Open("onnx", TestModels.Mlp("relu", 4), [3], 2, seed: 1);

        Assert.Contains("nothing", Assert.Throws<ModelMismatchException>(() => new TrainerModel(trainer, [new LayerPlace("nothing", "layer1.bias", null)], 3, 2, 0.1f)).Message, StringComparison.Ordinal);
        Assert.Throws<ModelMismatchException>(() => new TrainerModel(trainer, [new LayerPlace("layer1.weight", "layer2.bias", null)], 3, 2, 0.1f));
    }

    private static ClassKnowledge Cut(ISiteModel model)
    {
        var examples = new ExampleStore(SiteModels.Classes, 60, new PortableRandom(3));
        var random = new PortableRandom(4);
        for (var i = 0; i < 240; i++)
        {
            examples.Add(SiteModels.Row(i % 3, random), i % 3);
        }

        return new SpecialistExtractor(new TaylorSignificance(), new ExtractionSettings { Units = [6, 4] })
            .Extract(1, 2, model, null, examples, InputAveraging.None(SiteModels.Features), new PortableRandom(5))!; // There are examples.
    }

    private static void Learn(ISiteModel model, int batches)
    {
        var ensemble = new Ensemble(model);
        var random = new PortableRandom(6);
        for (var batch = 0; batch < batches; batch++)
        {
            var (samples, labels) = SiteModels.Batch(random, 3);
            ensemble.Learn(samples, labels, new HashSet<int>());
        }
    }

    // Engines watch what ReLU gives, and so does the plain network; its gradient counts where the unit is on.
    private static float[] Masked(ISiteModel model, int tap) =>
        [.. model.Activation(tap).ToArray().Zip(model.ActivationGradient(tap).ToArray(), (activation, gradient) => activation > 0 ? gradient : 0)];

    private static float[] Moved(ReadOnlySpan<float> now, float[] before) => [.. now.ToArray().Zip(before, (one, other) => one - other)];

    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = expected.ToArray().Max(Math.Abs);
        Assert.Equal(expected.ToArray(), actual.ToArray(), (one, other) => Math.Abs(one - other) <= Tolerance * scale);
    }
}
