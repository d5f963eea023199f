using FlameEdge.Collaborative.Regression;
using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Streams;

/// <summary>A dataset whose labels are bands of a measured value, taken as a stream of values: the bands are the regions.</summary>
public sealed class ValueBatches : IBatchSource
{
    private readonly DatasetBatches rows;
    private readonly float[] values;
    private readonly Dataset? test;
    private readonly float[] testValues;

    /// <summary>The stream of <paramref name="data"/> as <paramref name="job"/> wants it.</summary>
    /// <param name="data">The site's rows.</param>
    /// <param name="test">Rows it is scored on; null for none.</param>
    /// <param name="value">What the value is, and how it is scaled.</param>
    /// <param name="job">Batch size, warm-up and length.</param>
    /// <exception cref="DatasetException">Labels are classes, or bands differ, or there are fewer rows than a batch.</exception>
    public ValueBatches(Dataset data, Dataset? test, ValueSpec value, JobSpec job)
    {
        var measured = Measured(data);
        rows = new DatasetBatches(data, test, job);
        values = Scaled(measured, value);
        (this.test, testValues) = (test, test is null ? [] : Scaled(Measured(test), value));
        if (test is not null && !Measured(test).Limits.SequenceEqual(measured.Limits))
        {
            throw new DatasetException($"'{test.Name}' has other bands than '{data.Name}'; give both the same");
        }

        // A limit belongs to the band below it, an edge to the region above.
        Regions = new ValueRegions(FormattableString.Invariant($"({value.Name} − {value.Center}) / {value.Deviation}"), [.. measured.Limits.Select(limit => MathF.BitIncrement(Scaled(limit, value)))]);
        Classes = Regions.Names;
    }

    /// <summary>The bands, of the scaled value.</summary>
    public ValueRegions Regions { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> SampleShape => rows.SampleShape;

    /// <inheritdoc/>
    public int WarmUp => rows.WarmUp;

    /// <inheritdoc/>
    public long? Length => rows.Length;

    /// <inheritdoc/>
    public bool MayAsk(long index) => rows.MayAsk(index);

    /// <inheritdoc/>
    public Batch At(long index)
    {
        var batch = rows.At(index);
        return batch with { Values = values.AsMemory(rows.First(index), batch.Labels.Length) };
    }

    /// <inheritdoc/>
    public TestRows? Test(long index) => test is null ? null : rows.Test(index)! with { Values = testValues }; // There are test rows.

    private static MeasuredLabels Measured(Dataset data) => data.Measured ?? throw new DatasetException(
        $"the labels of '{data.Name}' are classes, but canoe.value is to be predicted; name the measured column as label, and its bands: bands: [10, 20]");

    private static float[] Scaled(MeasuredLabels measured, ValueSpec value) => [.. measured.Values.ToArray().Select(number => Scaled(number, value))];

    private static float Scaled(double number, ValueSpec value) => (float)((number - value.Center) / value.Deviation);
}
