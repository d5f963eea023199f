using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;
using FlameEdge.Models.Declared;
using FlameEdge.Onnx;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests.Collaborative;

/// <summary>The same network on every engine, and rows for it.</summary>
internal static class SiteModels
{
    public const int Classes = 4;
    public const int Features = 12;

    // Rates are those of DenseNetwork, so that steps can be compared.
    private static readonly TrainingSpec s_training = new() { LearningRate = 0.02, Momentum = 0.9 };

    public static TheoryData<string> Engines => ["torch", "onnx"];

    /// <summary>A multilayer perceptron with the weights that <see cref="DenseNetwork.Drawn"/> draws.</summary>
    public static ISiteModel Mlp(string engine, ulong seed, params int[] hidden)
    {
        var drawn = DenseNetwork.Drawn(seed, [Features, .. hidden, Classes]);
        if (engine == "plain")
        {
            return drawn;
        }

        var model = Of(engine, TestModels.Mlp("relu", hidden), [Features], Classes);
        model.Load(drawn.Parameters);
        return model;
    }

    /// <summary>A declared model on an engine, with the start that its seed draws.</summary>
    public static TrainerModel Of(string engine, ModelSpec spec, IReadOnlyList<int> shape, int classes, ulong seed = 3)
    {
        var trainer = Open(engine, spec, shape, classes, seed);
        return TrainerModel.Of(trainer, DeclaredModel.Of(spec, shape, classes), (float)s_training.LearningRate);
    }

    public static ITrainer Open(string engine, ModelSpec spec, IReadOnlyList<int> shape, int classes, ulong seed)
    {
        IEngine runtime = engine == "torch" ? new TorchEngine() : new OnnxEngine();
        var trainer = runtime.Open(spec, shape, classes, s_training);
        trainer.Initialize(seed);
        return trainer;
    }

    /// <summary>A frozen network up to its last hidden layer.</summary>
    public static TrainerBackbone Backbone(string engine, ulong seed, params int[] hidden)
    {
        var trainer = Open(engine, TestModels.Mlp("relu", hidden), [Features], Classes, seed);
        return new TrainerBackbone(trainer, ((IGradientSource)trainer).TapPoints.Last(tap => tap.Kind is "Relu" or "ReLU").Name, Features, Classes);
    }

    /// <summary>Rows of a class: a raised pair of features, and noise.</summary>
    public static float[] Row(int label, PortableRandom random) =>
        [.. Enumerable.Range(0, Features).Select(feature => (float)((feature / 3 == label ? 1.5 : 0) + (0.6 * random.Normal())))];

    /// <summary>Sixteen rows with labels below <paramref name="classes"/>.</summary>
    public static (float[] Samples, int[] Labels) Batch(PortableRandom random, int classes)
    {
        int[] labels = [.. Enumerable.Range(0, 16).Select(_ => random.Below(classes))];
        return ([.. labels.SelectMany(label => Row(label, random))], labels);
    }

    /// <summary>A site whose rows have so many features, and classes named <c>a</c>, <c>b</c>, ….</summary>
    public static Site Site(string name, ISiteModel model, ulong seed, CanoeSettings? settings = null) =>
        new(Setup(name, seed), model, settings ?? new CanoeSettings(), TimeProvider.System);

    public static SiteSetup Setup(string name, ulong seed) => new() { Name = name, Classes = ["a", "b", "c", "d"], SampleShape = [Features], Inputs = "rows", Seed = seed };
}
