using FlameEdge.Diagnostics;

namespace FlameEdge.Models;

/// <summary>Rows of float features with a class each, in memory.</summary>
/// <remarks>Immutable; safe to share between trainers. Features: [rows, featureCount], row-major.</remarks>
public sealed class Dataset
{
    /// <summary>Makes a dataset over buffers it then owns.</summary>
    /// <exception cref="ArgumentException">Lengths do not fit, or a label is outside [0, classCount).</exception>
    public Dataset(string name, IReadOnlyList<int> sampleShape, int classCount, ReadOnlyMemory<float> features, ReadOnlyMemory<int> labels)
    {
        FeatureCount = sampleShape.Aggregate(1, (product, dimension) => product * dimension);
        if (features.Length != (long)FeatureCount * labels.Length)
        {
            throw new ArgumentException($"{labels.Length} rows of {FeatureCount} features need {(long)FeatureCount * labels.Length} values, not {features.Length}", nameof(features));
        }

        foreach (var label in labels.Span)
        {
            if ((uint)label >= (uint)classCount)
            {
                throw new ArgumentException($"label {label} is outside 0..{classCount - 1}", nameof(labels));
            }
        }

        Name = name;
        SampleShape = [.. sampleShape];
        ClassCount = classCount;
        Features = features;
        Labels = labels;
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>Number of rows.</summary>
    public int Count => Labels.Length;

    /// <summary>Dimensions of one row: [64], or [1, 28, 28] for an image.</summary>
    public IReadOnlyList<int> SampleShape { get; }

    /// <summary>Values per row.</summary>
    public int FeatureCount { get; }

    /// <summary>Number of classes; labels are below it.</summary>
    public int ClassCount { get; }

    /// <summary>[rows, featureCount], row-major.</summary>
    public ReadOnlyMemory<float> Features { get; }

    /// <summary>[rows], the class of each.</summary>
    public ReadOnlyMemory<int> Labels { get; }

    /// <summary>The values that the labels are bands of; null where labels are classes.</summary>
    /// <exception cref="ArgumentException">There are not as many values as rows.</exception>
    public MeasuredLabels? Measured
    {
        get;
        init => field = value is null || value.Values.Length == Count ? value : throw new ArgumentException($"{Count} rows need as many measured values, not {value.Values.Length}", nameof(value));
    }

    /// <summary>Demands that the rows are what a model was opened for: so many features, and no class that it does not know.</summary>
    /// <exception cref="DatasetException">They are not.</exception>
    public void RequireFit(int featureCount, int classCount)
    {
        if (FeatureCount != featureCount || ClassCount > classCount)
        {
            throw new DatasetException($"the dataset '{Name}' has {FeatureCount} features and {ClassCount} classes; the model was opened for {featureCount} and {classCount}");
        }
    }
}
