using Microsoft.ML.OnnxRuntime;

namespace FlameEdge.Onnx.Training;

/// <summary>Memory for so many float32 values per row, and a tensor over as many rows as a batch has. It grows with the largest batch.</summary>
internal sealed class RowTensor(IReadOnlyList<int> shape) : IDisposable
{
    private readonly int _width = shape.Aggregate(1, (product, size) => checked(product * size));
    private float[] _values = [];
    private OrtValue? _tensor;
    private int _rows;

    /// <summary>The tensor, [rows, …shape]; valid until the number of rows changes.</summary>
    public OrtValue Tensor => _tensor ?? throw new InvalidOperationException("there are no rows yet");

    /// <summary>Its values, row-major.</summary>
    public Span<float> Values => _values.AsSpan(0, _rows * _width);

    /// <summary>Makes room for <paramref name="rows"/>; values are zero where the number changes. True where the tensor is another one now.</summary>
    public bool Fit(int rows)
    {
        if (rows == _rows)
        {
            return false;
        }

        var length = checked(rows * _width);
        if (length > _values.Length)
        {
            _values = GC.AllocateArray<float>(length, pinned: true);
        }

        _rows = rows;
        Values.Clear();
        _tensor?.Dispose();
        _tensor = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _values.AsMemory(0, length), [rows, .. shape.Select(size => (long)size)]);
        return true;
    }

    public void Dispose() => _tensor?.Dispose();
}
