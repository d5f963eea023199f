using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Torch.Modules;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>Brings rows of a dataset to tensors, batch after batch. Its buffers serve every round.</summary>
internal sealed class BatchFeed : IDisposable
{
    private readonly BatchOrder _order;
    private readonly (Tensor Samples, Tensor Labels) _full;
    private readonly (Tensor Samples, Tensor Labels)? _rest;

    public BatchFeed(Network network, Dataset data, int? batchSize)
    {
        Data = data;
        _order = new BatchOrder(data.Count, batchSize);
        _full = (zeros(network.BatchShape(_order.Size)), zeros([_order.Size], ScalarType.Int64));
        _rest = _order.Rest > 0 ? (_full.Samples.narrow(0, 0, _order.Rest), _full.Labels.narrow(0, 0, _order.Rest)) : null;
        if (_order.IsWhole)
        {
            Gather(_order.Next());
        }
    }

    /// <summary>The rows.</summary>
    public Dataset Data { get; }

    public int BatchesPerEpoch => _order.BatchesPerEpoch;

    /// <summary>Begins anew; the order of rows depends on <paramref name="seed"/> alone.</summary>
    public void Start(ulong seed) => _order.Start(seed);

    /// <summary>The next batch: samples [rows, …sample shape] and labels [rows]; valid until the next call.</summary>
    public (Tensor Samples, Tensor Labels) Next()
    {
        if (_order.IsWhole)
        {
            return _full;
        }

        var rows = _order.Next();
        Gather(rows);
        return rows.Length == _order.Size ? _full : _rest!.Value; // a shorter batch has only this one length
    }

    public void Dispose()
    {
        _rest?.Samples.Dispose();
        _rest?.Labels.Dispose();
        _full.Samples.Dispose();
        _full.Labels.Dispose();
    }

    private void Gather(ReadOnlySpan<int> rows)
    {
        var width = Data.FeatureCount;
        var features = Data.Features.Span;
        var labels = Data.Labels.Span;
        var samples = MemoryMarshal.Cast<byte, float>(_full.Samples.bytes);
        var classes = MemoryMarshal.Cast<byte, long>(_full.Labels.bytes);
        for (var i = 0; i < rows.Length; i++)
        {
            features.Slice(rows[i] * width, width).CopyTo(samples[(i * width)..]);
            classes[i] = labels[rows[i]];
        }
    }
}
