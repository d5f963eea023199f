using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Torch.Tests;

/// <summary>Small models and data that tests share.</summary>
internal static class TestModels
{
    public static ModelSpec Softmax { get; } = new() { Kind = "softmax" };

    public static ModelSpec LeNet { get; } = new() { Kind = "lenet" };

    public static ModelSpec Mlp(string activation = "relu", params int[] hidden) =>
        new() { Kind = "mlp", Hidden = hidden, Activation = activation };

    public static TorchTrainer Open(ModelSpec model, Dataset data, TrainingSpec? training = null, TorchEngine? engine = null) =>
        (TorchTrainer)(engine ?? new TorchEngine()).Open(model, data.SampleShape, data.ClassCount, training ?? new TrainingSpec());

    /// <summary>Rows of normal features around a centre per class.</summary>
    public static Dataset Clusters(int rows, int classes, ulong seed, params int[] shape)
    {
        var generator = new PortableRandom(seed);
        var width = shape.Aggregate((product, size) => product * size);
        var centres = Enumerable.Range(0, classes * width).Select(_ => generator.Normal()).ToArray();
        var labels = Enumerable.Range(0, rows).Select(_ => generator.Below(classes)).ToArray();
        var features = labels.SelectMany(label => Enumerable.Range(0, width).Select(i => (float)(centres[(label * width) + i] + (0.5 * generator.Normal()))));
        return new Dataset("clusters", shape, classes, features.ToArray(), labels);
    }

    public static float[] Parameters(this ITrainer trainer)
    {
        var parameters = new float[trainer.Layout.Length];
        trainer.Save(parameters);
        return parameters;
    }
}
