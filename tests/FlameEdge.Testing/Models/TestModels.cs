using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Testing.Models;

/// <summary>Small models and data that tests of engines share.</summary>
public static class TestModels
{
    /// <summary>A softmax regression.</summary>
    public static ModelSpec Softmax { get; } = new() { Kind = "softmax" };

    /// <summary>LeNet-5; images of at least 12 x 12 fit.</summary>
    public static ModelSpec LeNet { get; } = new() { Kind = "lenet" };

    /// <summary>A multi-layer perceptron.</summary>
    public static ModelSpec Mlp(string activation = "relu", params int[] hidden) =>
        new() { Kind = "mlp", Hidden = hidden, Activation = activation };

    /// <summary>Opens a model for such rows; training as by default where nothing is said.</summary>
    public static ITrainer Open(this IEngine engine, ModelSpec model, Dataset data, TrainingSpec? training = null) =>
        engine.Open(model, data.SampleShape, data.ClassCount, training ?? new TrainingSpec());

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

    /// <summary>A copy of the trainer's parameters, in layout order.</summary>
    public static float[] Parameters(this ITrainer trainer)
    {
        var parameters = new float[trainer.Layout.Length];
        trainer.Save(parameters);
        return parameters;
    }

    /// <summary>Tells numbers apart that differ by more than <paramref name="tolerance"/>.</summary>
    public static IEqualityComparer<float> Close(double tolerance) =>
        EqualityComparer<float>.Create((left, right) => Math.Abs((double)left - right) <= tolerance, _ => 0);
}
