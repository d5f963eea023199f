using FlameEdge.Parameters;
using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>One contiguous float buffer and, over its parts, the tensors that the runtime reads and writes in place.</summary>
internal sealed class TensorSet : IDisposable
{
    // Pinned for life: the runtime holds addresses into it.
    private readonly float[] _values;
    private readonly List<OrtValue> _tensors;

    public TensorSet(ParameterLayout layout)
    {
        _values = GC.AllocateArray<float>(layout.Length, pinned: true);
        _tensors = [.. layout.Entries.Select(entry => OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance,
            _values.AsMemory(entry.Offset, entry.Length),
            [.. entry.Shape.Select(size => (long)size)]))];
    }

    /// <summary>The whole buffer, in the order of the layout.</summary>
    public Span<float> Values => _values;

    /// <summary>One tensor per entry of the layout.</summary>
    public IReadOnlyList<OrtValue> Tensors => _tensors;

    public void Dispose() => _tensors.ForEach(tensor => tensor.Dispose());
}
