using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Inspection;

/// <summary>Values for every input of a graph: stored ones where the model has them, else drawn.</summary>
internal sealed class CheckValues(ForwardGraph graph, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, PortableRandom random, IReadOnlySet<string> except)
{
    private const long Rows = 4;
    private const long OpenSize = 8;
    private const long MostValues = 1 << 26;
    private readonly Dictionary<string, (DataType Type, long[] Shape, byte[] Bytes)> _drawn = new(StringComparer.Ordinal);
    private bool _isPositive;

    /// <summary>Fresh tensors for the inputs of <paramref name="model"/>; the same input has the same values in every model.</summary>
    public IEnumerable<(string Name, OrtValue Value)> For(ModelProto model)
    {
        foreach (var unknown in shapes.Keys.Except(graph.Graph.Input.Select(input => input.Name)))
        {
            throw new ModelMismatchException($"{graph.Name} has no input '{unknown}'; it takes {string.Join(", ", graph.Graph.Input.Select(input => input.Name))}");
        }

        return model.Graph.Input.Where(input => !except.Contains(input.Name)).Select(input => (input.Name, ValueOf(input)));
    }

    /// <summary>From now on float values are drawn at 1 or above.</summary>
    public void MakePositive()
    {
        _isPositive = true;
        _drawn.Clear();
    }

    /// <summary>Gives <paramref name="run"/> freshly drawn values.</summary>
    public void Redraw(CheckRun run)
    {
        foreach (var input in graph.Graph.Input.Where(input => run.Has(input.Name)))
        {
            using var value = ValueOf(input);
            run.Set(input.Name, value);
        }
    }

    /// <summary>Normal values, [shape].</summary>
    public static OrtValue Normal(PortableRandom random, long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, shape);
        Fill(random, value.GetTensorMutableDataAsSpan<float>());
        return value;
    }

    private OrtValue ValueOf(ValueInfoProto input)
    {
        if (graph.Initializers.TryGetValue(input.Name, out var tensor))
        {
            var stored = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [.. tensor.Dims]);
            Tensors.Floats(tensor).CopyTo(stored.GetTensorMutableDataAsSpan<float>());
            return stored;
        }

        if (!_drawn.TryGetValue(input.Name, out var drawn))
        {
            _drawn.Add(input.Name, drawn = Draw(input));
        }

        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)drawn.Type, drawn.Shape);
        drawn.Bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private (DataType Type, long[] Shape, byte[] Bytes) Draw(ValueInfoProto input)
    {
        var type = (DataType)(input.Type?.TensorType?.ElemType ?? 0);
        var shape = ShapeOf(input);
        var count = shape.Aggregate(1.0, (product, size) => product * size);
        if (count is < 0 or > MostValues)
        {
            throw new ModelMismatchException($"{graph.Name}: the input '{input.Name}' [{string.Join(", ", shape)}] is too large to be checked; give a smaller shape with --input");
        }

        var length = (int)count;
        switch (type)
        {
            case DataType.Float:
                var floats = new float[length];
                Fill(random, floats);
                if (_isPositive)
                {
                    Array.ConvertAll(floats, value => 1 + Math.Abs(value)).CopyTo(floats, 0);
                }

                return (type, shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(floats).ToArray());
            case DataType.Int64 or DataType.Int32 or DataType.Bool:
                // 0 and 1 are tokens, indices and truth values of every model.
                var width = type switch { DataType.Int64 => 8, DataType.Int32 => 4, _ => 1 };
                var bytes = new byte[length * width];
                for (var i = 0; i < length; i++)
                {
                    bytes[i * width] = (byte)(random.NextBits() & 1);
                }

                return (type, shape, bytes);
            default:
                throw new ModelMismatchException($"{graph.Name}: the input '{input.Name}' is {type}; only float32, integers and truth values can be drawn");
        }
    }

    private long[] ShapeOf(ValueInfoProto input)
    {
        var stated = input.Type?.TensorType?.Shape?.Dim.ToList() ?? [];
        if (!shapes.TryGetValue(input.Name, out var wished))
        {
            return [.. stated.Select((size, axis) => size.HasDimValue ? size.DimValue : axis == 0 ? Rows : OpenSize)];
        }

        return wished.Count == stated.Count && stated.Zip(wished, (size, wish) => !size.HasDimValue || size.DimValue == wish).All(fits => fits)
            ? [.. wished]
            : throw new ModelMismatchException(
                $"{graph.Name}: the input '{input.Name}' takes [{string.Join(", ", stated.Select(size => size.HasDimValue ? $"{size.DimValue}" : "?"))}], not [{string.Join(", ", wished)}]");
    }

    private static void Fill(PortableRandom random, Span<float> values)
    {
        foreach (ref var value in values)
        {
            value = (float)random.Normal();
        }
    }
}
