using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Losses;

/// <summary>What outputs are compared with: a graph input of classes, or one of values.</summary>
internal sealed class Target
{
    private readonly string _input;

    private Target(string input, bool isClass) => (_input, IsClass) = (input, isClass);

    /// <summary>True where the target of a row is one for its class and zero for the others.</summary>
    public bool IsClass { get; }

    /// <summary>int64 [rows] with the class of each row, for outputs [rows, classes].</summary>
    public static Target Classes(string input) => new(input, isClass: true);

    /// <summary>float32 values of the outputs' shape.</summary>
    public static Target Values(string input) => new(input, isClass: false);

    /// <summary>Adds the input; the result has the shape of <paramref name="output"/>.</summary>
    /// <exception cref="ModelMismatchException">The output has not the shape that such a target needs.</exception>
    public Value Append(GraphWriter graph, ValueTypes types, string output)
    {
        if (types.Of(output) is not { } type)
        {
            throw new ModelMismatchException($"a loss needs the shape of '{output}', which is a scalar or unknown");
        }

        if (!IsClass)
        {
            return graph.Input(_input, DataType.Float, type.Dimensions.Select((_, axis) => Size(type, axis)));
        }

        if (type.Dimensions is not [_, > 0 and var classes])
        {
            throw new ModelMismatchException($"a loss over classes needs the output '{output}' to be [rows, classes], not {Text(type)}");
        }

        var label = graph.Input(_input, DataType.Int64, [Size(type, 0)]);
        return graph.Op("OneHot", label, graph.Integer(classes), graph.Tensor([2], [0, 1]));
    }

    private static object Size(TensorInfo type, int axis) => (type.Dimensions[axis], type.Symbols[axis]) switch
    {
        ( >= 0 and var size, _) => size,
        (_, { Length: > 0 } symbol) => symbol,
        _ => axis == 0 ? "rows" : $"size{axis}",
    };

    private static string Text(TensorInfo type) => $"[{string.Join(", ", type.Dimensions.Select(size => size < 0 ? "?" : $"{size}"))}]";
}
