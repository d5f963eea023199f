using FlameEdge.Models;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Brings rows of a dataset to a session, batch after batch. Its buffers serve every round.</summary>
internal abstract class BatchFeed(Dataset data) : IDisposable
{
    /// <summary>The rows.</summary>
    public Dataset Data => data;

    /// <summary>Rows of the batch that is bound.</summary>
    public abstract int Rows { get; }

    /// <summary>Batches of one epoch.</summary>
    public abstract int BatchesPerEpoch { get; }

    /// <summary>Begins anew; the order of rows depends on <paramref name="seed"/> alone.</summary>
    public abstract void Start(ulong seed);

    /// <summary>Binds the next batch.</summary>
    public abstract void Next();

    public abstract void Dispose();

    /// <summary>A feed for <paramref name="data"/>: in row order and without a copy where a batch holds all rows, else shuffled anew for every epoch.</summary>
    /// <param name="session">Where batches go.</param>
    /// <param name="inputs">Names of its samples and labels.</param>
    /// <param name="sampleShape">Dimensions of one sample as the model wants them.</param>
    /// <param name="data">The rows; at least one.</param>
    /// <param name="batchSize">Rows per batch; the last one of an epoch may be shorter. Null for all.</param>
    public static BatchFeed Of(
        StepSession session,
        (string Samples, string Labels) inputs,
        IReadOnlyList<int> sampleShape,
        Dataset data,
        int? batchSize) => batchSize is { } size && size < data.Count
        ? new ShuffledFeed(session, inputs, sampleShape, data, size)
        : new WholeFeed(session, inputs, sampleShape, data);

    /// <summary>A tensor over memory of ours; samples first.</summary>
    protected static OrtValue Tensor<T>(Memory<T> memory, int rows, IReadOnlyList<int>? sampleShape = null)
        where T : unmanaged =>
        OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, [rows, .. (sampleShape ?? []).Select(size => (long)size)]);
}
