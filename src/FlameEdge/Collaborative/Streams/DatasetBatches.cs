using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Streams;

/// <summary>A dataset taken as a stream: its rows in their order, batch after batch, and from the start again where more are wanted than there are.</summary>
public sealed class DatasetBatches : IBatchSource
{
    private readonly Dataset data;
    private readonly Dataset? test;
    private readonly int size;

    /// <summary>The stream of <paramref name="data"/> as <paramref name="job"/> wants it.</summary>
    /// <param name="data">The site's rows.</param>
    /// <param name="test">Rows it is scored on; null for none.</param>
    /// <param name="job">Batch size, warm-up, length and names of the classes.</param>
    /// <exception cref="DatasetException">There are fewer rows than a batch, or other classes than the job names.</exception>
    public DatasetBatches(Dataset data, Dataset? test, JobSpec job)
    {
        (this.data, this.test) = (data, test);
        size = job.Training.BatchSize ?? data.Count;
        if (data.Count < Math.Max(size, 1))
        {
            throw new DatasetException($"the dataset '{data.Name}' has {data.Count} rows, fewer than one batch of {size}; give more rows, or a smaller training.batchSize");
        }

        var named = job.Canoe.Classes.Count;
        if (named > 0 && named < data.ClassCount)
        {
            throw new DatasetException($"the dataset '{data.Name}' has {data.ClassCount} classes, but canoe.classes names {named}; name them all, in the order of the labels");
        }

        test?.RequireFit(data.FeatureCount, named > 0 ? named : data.ClassCount);
        Classes = named > 0 ? job.Canoe.Classes : [.. Enumerable.Range(0, data.ClassCount).Select(label => label.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        WarmUp = job.Canoe.WarmUp;
        Length = WarmUp + (job.Canoe.Batches ?? Math.Max(0, (data.Count / size) - WarmUp));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> SampleShape => data.SampleShape;

    /// <inheritdoc/>
    public int WarmUp { get; }

    /// <inheritdoc/>
    public long? Length { get; }

    /// <inheritdoc/>
    public bool MayAsk(long index) => index >= WarmUp;

    /// <inheritdoc/>
    public Batch At(long index)
    {
        var first = First(index);
        return new Batch(data.Features.Slice(first * data.FeatureCount, size * data.FeatureCount), data.Labels.Slice(first, size));
    }

    /// <summary>The row at which a batch begins.</summary>
    internal int First(long index) => (int)(index % (data.Count / size)) * size;

    /// <inheritdoc/>
    public TestRows? Test(long index) => test is null ? null : new TestRows(test.Features, test.Labels.ToArray(), [.. test.Labels.ToArray().Distinct().Order()]);
}
