using System.Collections.Frozen;
using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Training;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Graphs;

/// <summary>What is known of a value before anything runs.</summary>
/// <param name="Type">Type of its elements.</param>
/// <param name="Dimensions">Its sizes, -1 where only a run will tell.</param>
/// <param name="Symbols">Names of the open sizes, empty where they have none; equal names are equal sizes.</param>
internal sealed record TensorInfo(TensorElementType Type, IReadOnlyList<int> Dimensions, IReadOnlyList<string> Symbols)
{
    /// <summary>True where every size is known.</summary>
    public bool IsStatic => Dimensions.All(dimension => dimension >= 0);
}

/// <summary>Types and shapes of all values of a forward model, as ONNX Runtime infers them. Nothing is run.</summary>
/// <remarks>The inference is also the check of operators, types and sizes: what does not fit is refused with the runtime's own words.</remarks>
internal sealed class ValueTypes
{
    private readonly FrozenDictionary<string, NodeMetadata> _values;
    private readonly ForwardGraph _forward;

    public ValueTypes(ForwardGraph forward)
    {
        _forward = forward;
        using var session = Sessions.Open(WithAllValuesAsOutputs(forward.Model), forward.Name, GraphOptimizationLevel.ORT_DISABLE_ALL);
        _values = session.OutputMetadata.Concat(session.InputMetadata)
            .DistinctBy(pair => pair.Key, StringComparer.Ordinal)
            .ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>What is known of <paramref name="value"/>, or null where not even the number of its dimensions is.</summary>
    public TensorInfo? Of(string value)
    {
        if (_forward.Initializers.TryGetValue(value, out var tensor))
        {
            var dimensions = tensor.Dims.Select(dimension => checked((int)dimension)).ToList();
            return new TensorInfo((TensorElementType)tensor.DataType, dimensions, [.. dimensions.Select(_ => "")]);
        }

        // The runtime reports no dimensions both for a scalar and for an unknown shape: only the cautious reading is safe.
        return _values.TryGetValue(value, out var type) && type.IsTensor && type.Dimensions.Length > 0
            ? new TensorInfo(type.ElementDataType, type.Dimensions, type.SymbolicDimensions)
            : null;
    }

    /// <summary>The type of the elements of <paramref name="value"/>.</summary>
    public TensorElementType ElementsOf(string value) => _forward.Initializers.TryGetValue(value, out var tensor)
        ? (TensorElementType)tensor.DataType
        : _values.TryGetValue(value, out var type) && type.IsTensor ? type.ElementDataType : TensorElementType.DataTypeMax;

    /// <summary>The integers of <paramref name="value"/> where it is a constant of the model, else null.</summary>
    public long[]? ConstantOf(string value)
    {
        var tensor = _forward.ConstantOf(value);
        return tensor is { DataType: (int)TensorElementType.Int64 or (int)TensorElementType.Int32 } ? Tensors.Integers(tensor) : null;
    }

    private static byte[] WithAllValuesAsOutputs(ModelProto model)
    {
        var open = model.Clone();
        var outputs = open.Graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var value in open.Graph.Node.SelectMany(node => node.Output).Where(value => value.Length > 0 && outputs.Add(value)))
        {
            open.Graph.Output.Add(new ValueInfoProto { Name = value });
        }

        return open.ToByteArray();
    }
}
