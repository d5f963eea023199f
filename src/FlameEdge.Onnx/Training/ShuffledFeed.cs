using FlameEdge.Models;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Batches of rows in an order that is drawn anew for every epoch, gathered into one buffer.</summary>
internal sealed class ShuffledFeed : BatchFeed
{
    private readonly StepSession _session;
    private readonly (string Samples, string Labels) _inputs;
    private readonly BatchOrder _order;
    private readonly float[] _features;
    private readonly long[] _classes;
    private readonly (OrtValue Samples, OrtValue Labels) _full;
    private readonly (OrtValue Samples, OrtValue Labels)? _rest;
    private int _bound;

    public ShuffledFeed(
        StepSession session,
        (string Samples, string Labels) inputs,
        IReadOnlyList<int> sampleShape,
        Dataset data,
        int size)
        : base(data)
    {
        (_session, _inputs) = (session, inputs);
        _order = new BatchOrder(data.Count, size);
        _features = new float[size * data.FeatureCount];
        _classes = new long[size];
        _full = Tensors(size, sampleShape);
        _rest = _order.Rest is > 0 and var rest ? Tensors(rest, sampleShape) : null;
    }

    public override int Rows => _bound;

    public override int BatchesPerEpoch => _order.BatchesPerEpoch;

    public override void Start(ulong seed) => _order.Start(seed);

    public override void Next()
    {
        var rows = _order.Next();
        Gather(rows);
        Bind(rows.Length);
    }

    public override void Dispose()
    {
        _full.Samples.Dispose();
        _full.Labels.Dispose();
        _rest?.Samples.Dispose();
        _rest?.Labels.Dispose();
    }

    private void Gather(ReadOnlySpan<int> rows)
    {
        var width = Data.FeatureCount;
        var features = Data.Features.Span;
        var labels = Data.Labels.Span;
        for (var i = 0; i < rows.Length; i++)
        {
            features.Slice(rows[i] * width, width).CopyTo(_features.AsSpan(i * width));
            _classes[i] = labels[rows[i]];
        }
    }

    // The buffer stays the same, so it is bound again only when the number of rows changes.
    private void Bind(int rows)
    {
        if (rows == _bound)
        {
            return;
        }

        var (samples, labels) = rows == _classes.Length ? _full : _rest!.Value; // a shorter batch has only this one length
        _session.Bind(_inputs.Samples, samples);
        _session.Bind(_inputs.Labels, labels);
        _bound = rows;
    }

    private (OrtValue Samples, OrtValue Labels) Tensors(int rows, IReadOnlyList<int> sampleShape) => (
        Tensor(_features.AsMemory(0, rows * Data.FeatureCount), rows, sampleShape),
        Tensor(_classes.AsMemory(0, rows), rows));
}
