using System.Numerics.Tensors;

namespace FlameEdge.Collaborative.Streams;

/// <summary>The rows that a site meets, batch by batch, in an order that a restart repeats.</summary>
public interface IBatchSource
{
    /// <summary>Names of the classes, in the order of the labels.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Dimensions of one row.</summary>
    IReadOnlyList<int> SampleShape { get; }

    /// <summary>Batches that are learned before the site asks anybody, as quickly as they can be.</summary>
    int WarmUp { get; }

    /// <summary>Batches of all, the warm-up among them; null where there is no end.</summary>
    long? Length { get; }

    /// <summary>True where the site may ask for help from this batch on.</summary>
    bool MayAsk(long index);

    /// <summary>The batch at <paramref name="index"/>, counted from 0 with the warm-up.</summary>
    Batch At(long index);

    /// <summary>Rows that tell how good the site is after the batch at <paramref name="index"/>, and the classes that count; null where there are none.</summary>
    TestRows? Test(long index);
}

/// <summary>Rows with their labels.</summary>
/// <param name="Samples">[rows, features].</param>
/// <param name="Labels">[rows]: classes, or regions of the values.</param>
/// <param name="Values">[rows]; empty where labels are classes.</param>
public readonly record struct Batch(ReadOnlyMemory<float> Samples, ReadOnlyMemory<int> Labels, ReadOnlyMemory<float> Values = default);

/// <summary>Rows that a site is scored on.</summary>
/// <param name="Samples">[rows, features].</param>
/// <param name="Labels">[rows].</param>
/// <param name="Present">Classes that count.</param>
public sealed record TestRows(ReadOnlyMemory<float> Samples, IReadOnlyList<int> Labels, IReadOnlyList<int> Present)
{
    /// <summary>[rows]; empty where labels are classes.</summary>
    public IReadOnlyList<float> Values { get; init; } = [];

    /// <summary>Mean over the regions that count of the mean absolute error, by <paramref name="predicted"/> [rows]; regions without a row are left out.</summary>
    public double Error(float[] predicted) =>
        Enumerable.Range(0, Labels.Count).GroupBy(row => Labels[row]).Where(rows => Present.Contains(rows.Key)).Average(rows => rows.Average(row => Math.Abs((double)predicted[row] - Values[row])));

    /// <summary>Mean recall over the classes that count, by <paramref name="logits"/> [rows, classes]; classes without a row are left out.</summary>
    public double Accuracy(float[] logits, int classes)
    {
        var (seen, right) = (new int[classes], new int[classes]);
        for (var row = 0; row < Labels.Count; row++)
        {
            seen[Labels[row]]++;
            right[Labels[row]] += TensorPrimitives.IndexOfMax<float>(logits.AsSpan(row * classes, classes)) == Labels[row] ? 1 : 0;
        }

        return Present.Where(label => seen[label] > 0).Average(label => (double)right[label] / seen[label]);
    }
}
