using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Models;
using FlameEdge.Testing.Models;

namespace FlameEdge.Torch.Tests.Collaborative;

/// <summary>Specialists out of convolutional networks: whole channels are kept, and the target needs no engine for them.</summary>
public class ConvolutionTests
{
    private const int Edge = 12;
    private static readonly int[] s_shape = [1, Edge, Edge];
    private static readonly InputAveraging s_plain = new(1, Edge, Edge, 1);

    [Theory]
    [MemberData(nameof(SiteModels.Engines), MemberType = typeof(SiteModels))]
    public void Kept_channels_give_what_the_engine_gives(string engine)
    {
        var trainer = SiteModels.Open(engine, TestModels.LeNet, s_shape, SiteModels.Classes, seed: 5);
        var pool = ((IGradientSource)trainer).TapPoints.Last(tap => tap.Kind.StartsWith("MaxPool", StringComparison.OrdinalIgnoreCase)).Name;
        using var pass = ((IGradientSource)trainer).OpenPass([pool]);
        using var model = TrainerModel.Of(trainer, FlameEdge.Models.Declared.DeclaredModel.Of(TestModels.LeNet, s_shape, SiteModels.Classes), 0.02f);
        var rows = Rows(8, new PortableRandom(1));

        var knowledge = Extract(model, new ExtractionSettings { Channels = [6, 16], RepairEpochs = 0 });
        var features = knowledge.RestoreFront()!.Apply(rows); // It has channels.
        pass.Forward(rows, new float[8 * SiteModels.Classes]);

        // Two layers of int8 weights lie between them.
        var expected = pass.Activation(0).ToArray();
        Assert.Equal(expected, features.ToArray(), (one, other) => Math.Abs(one - other) < 0.03 * expected.Max());
        Assert.Contains(expected, value => value > 0);
    }

    [Theory]
    [MemberData(nameof(SiteModels.Engines), MemberType = typeof(SiteModels))]
    public void A_channel_matters_by_the_sum_over_its_positions(string engine)
    {
        using var model = SiteModels.Of(engine, TestModels.LeNet, s_shape, SiteModels.Classes);
        var random = new PortableRandom(2);
        var sample = new ClassSample(1, [.. Enumerable.Range(0, 6).SelectMany(_ => Image(1, random))], [.. Enumerable.Range(0, 6).SelectMany(_ => Image(0, random))]);

        var scores = new TaylorSignificance().Score(model, sample);

        // What a channel adds to the margin, to first order, is what the margin loses by its slope when the channel shrinks by a little: filters and bias of the first layer by one part in a thousand.
        Assert.Equal([6, 16, 120, 84], scores.Select(layer => layer.Length));
        for (var channel = 0; channel < 6; channel++)
        {
            Assert.Equal(Math.Abs(Shrunk(model, channel, sample, sample.Positives) - Shrunk(model, channel, sample, sample.Negatives)), scores[0][channel], 0.02 * scores[0].Max());
        }
    }

    [Theory]
    [InlineData("torch")]
    [InlineData("onnx")]
    public void A_class_out_of_a_convolutional_helper_is_known_at_once_at_a_dense_target(string engine)
    {
        using var model = SiteModels.Of(engine, TestModels.LeNet, s_shape, SiteModels.Classes);
        var helper = new Site(Setup("north", 1), model, new CanoeSettings(), TimeProvider.System) { IsAsking = false };
        using var own = DenseNetwork.Drawn(2, [Edge * Edge, 32, 16, SiteModels.Classes]);
        var target = new Site(Setup("south", 2), own, CanoeSettings.ForImages, TimeProvider.System) { IsAsking = false };
        var random = new PortableRandom(3);
        for (var batch = 0; batch < 120; batch++)
        {
            Learn(helper, random, SiteModels.Classes);
            Learn(target, random, SiteModels.Classes - 1);
        }

        target.IsAsking = true;
        var request = Assert.Single(Learn(target, random, SiteModels.Classes).Requests);
        var packet = helper.Help(request)!; // It knows the class.
        target.Deliver(packet, "north");
        var step = Learn(target, random, SiteModels.Classes);

        Assert.Contains(step.Verdicts, verdict => verdict.IsAccepted);
        Assert.NotNull(Assert.Single(target.Ensemble.Stages).Front);
        var knowledge = PacketReader.Read(packet).Knowledge!.Classes[0]; // It holds specialists.
        Assert.Equal([3, 6], knowledge.Channels.Select(channels => channels.Units.Kept.Count));
        Assert.InRange(Recall(target, random), 0.8, 1);
    }

    private static double Shrunk(TrainerModel model, int channel, ClassSample sample, float[] rows)
    {
        const float part = 1e-3f;
        var before = Margin(model, sample.Label, rows);
        var kept = model.Parameters.ToArray();
        var changed = (float[])kept.Clone();
        var layer = model.Layers[0];
        foreach (ref var weight in changed.AsSpan(layer.Offset + (channel * layer.Inputs), layer.Inputs))
        {
            weight *= 1 - part;
        }

        changed[layer.BiasOffset + channel] *= 1 - part;
        model.Load(changed);
        var after = Margin(model, sample.Label, rows);
        model.Load(kept);
        return (before - after) / part;
    }

    // Mean of z_c − ln Σ_{j≠c} exp(z_j).
    private static double Margin(TrainerModel model, int label, float[] rows)
    {
        var logits = new float[rows.Length / (Edge * Edge) * SiteModels.Classes];
        model.Forward(rows, logits);
        return logits.Chunk(SiteModels.Classes).Average(row => row[label] - Math.Log(row.Where((_, j) => j != label).Sum(value => Math.Exp(value))));
    }

    private static ClassKnowledge Extract(TrainerModel model, ExtractionSettings settings)
    {
        var examples = new ExampleStore(SiteModels.Classes, 60, new PortableRandom(3));
        var random = new PortableRandom(4);
        for (var i = 0; i < 80; i++)
        {
            examples.Add(Image(i % SiteModels.Classes, random), i % SiteModels.Classes);
        }

        return new SpecialistExtractor(new TaylorSignificance(), settings).Extract(1, 2, model, null, examples, s_plain, new PortableRandom(5))!; // There are examples.
    }

    private static SiteStep Learn(Site site, PortableRandom random, int classes)
    {
        int[] labels = [.. Enumerable.Range(0, 16).Select(_ => random.Below(classes))];
        return site.Learn(labels.SelectMany(label => Image(label, random)).ToArray(), labels);
    }

    private static double Recall(Site site, PortableRandom random)
    {
        const int label = SiteModels.Classes - 1;
        var logits = site.Predict(Enumerable.Range(0, 100).SelectMany(_ => Image(label, random)).ToArray());
        return logits.Chunk(SiteModels.Classes).Average(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(row) == label ? 1.0 : 0);
    }

    private static float[] Rows(int count, PortableRandom random) => [.. Enumerable.Range(0, count).SelectMany(i => Image(i % SiteModels.Classes, random))];

    // A bright bar in the quarter of the image that the class names, somewhere in it.
    private static float[] Image(int label, PortableRandom random)
    {
        float[] image = [.. Enumerable.Range(0, Edge * Edge).Select(_ => (float)(0.3 * random.Normal()))];
        var (top, left) = ((label / 2 * 6) + random.Below(4), (label % 2 * 6) + random.Below(3));
        for (var x = 0; x < 4; x++)
        {
            image[(top * Edge) + left + x] += 1.5f;
            image[((top + 1) * Edge) + left + x] += 1.5f;
        }

        return image;
    }

    private static SiteSetup Setup(string name, ulong seed) => new() { Name = name, Classes = ["a", "b", "c", "d"], SampleShape = s_shape, Inputs = "images", Seed = seed };
}
