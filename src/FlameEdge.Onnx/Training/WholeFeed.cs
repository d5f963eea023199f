using System.Runtime.InteropServices;
using FlameEdge.Models;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>One batch of all rows, in the order and the memory of the dataset.</summary>
internal sealed class WholeFeed : BatchFeed
{
    private readonly OrtValue _samples;
    private readonly OrtValue _labels;

    public WholeFeed(StepSession session, (string Samples, string Labels) inputs, IReadOnlyList<int> sampleShape, Dataset data)
        : base(data)
    {
        // The runtime only reads its inputs, so the dataset's own memory may serve as one.
        _samples = Tensor(MemoryMarshal.AsMemory(data.Features), data.Count, sampleShape);
        _labels = Tensor(Array.ConvertAll(data.Labels.ToArray(), label => (long)label).AsMemory(), data.Count);
        session.Bind(inputs.Samples, _samples);
        session.Bind(inputs.Labels, _labels);
    }

    public override int Rows => Data.Count;

    public override int BatchesPerEpoch => 1;

    public override void Start(ulong seed)
    {
        // Rows stay in their own order.
    }

    public override void Next()
    {
        // The one batch there is stays bound.
    }

    public override void Dispose()
    {
        _samples.Dispose();
        _labels.Dispose();
    }
}
