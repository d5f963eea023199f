using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Draws the masks of a model's Dropout nodes anew for every step. Its buffers serve every round.</summary>
internal sealed class MaskFeed(StepSession session, IReadOnlyList<DropoutMask> masks) : IDisposable
{
    // A batch has one length, and the last of an epoch another one.
    private readonly Dictionary<int, (float[] Values, OrtValue Tensor)[]> _byRows = [];
    private PortableRandom _generator = new(0);
    private int _bound;

    /// <summary>Begins anew; masks depend on <paramref name="seed"/> alone, and not on the order of rows.</summary>
    public void Start(ulong seed) => _generator = new PortableRandom(seed, 1);

    /// <summary>Draws and binds masks for a batch of <paramref name="rows"/>.</summary>
    public void Next(int rows)
    {
        if (!_byRows.TryGetValue(rows, out var buffers))
        {
            _byRows.Add(rows, buffers = Allocate(rows));
        }

        for (var index = 0; index < buffers.Length; index++)
        {
            Draw(buffers[index].Values, masks[index].Ratio);
            if (rows != _bound)
            {
                session.Bind(masks[index].Input, buffers[index].Tensor);
            }
        }

        _bound = rows;
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in _byRows.Values.SelectMany(buffers => buffers))
        {
            tensor.Dispose();
        }
    }

    // Apart from Next, which would else make room for the captured number at every step.
    private (float[] Values, OrtValue Tensor)[] Allocate(int rows) => [.. masks.Select(mask => Allocate(mask, rows))];

    private static (float[] Values, OrtValue Tensor) Allocate(DropoutMask mask, int rows)
    {
        var values = GC.AllocateArray<float>(mask.SampleShape.Aggregate(rows, (product, size) => checked(product * size)), pinned: true);
        long[] shape = [rows, .. mask.SampleShape.Select(size => (long)size)];
        return (values, OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, values.AsMemory(), shape));
    }

    private void Draw(float[] values, float ratio)
    {
        var kept = 1 / (1 - ratio);
        foreach (ref var value in values.AsSpan())
        {
            value = _generator.NextDouble() < ratio ? 0 : kept;
        }
    }
}
