using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Tells which nodes of a file are meant to behave differently while training. The file decides, not the program.</summary>
internal static class TrainingModes
{
    /// <summary>True for a Dropout or BatchNormalization that the file says is in training mode.</summary>
    /// <exception cref="ModelMismatchException">The mode is only known when the model runs.</exception>
    public static bool IsOn(NodeProto node, ForwardGraph graph) => node.OpType switch
    {
        "BatchNormalization" => node.Int("training_mode", 0) != 0,
        "Dropout" => node.Input.Count > 2 && node.Input[2].Length > 0 && IsTrue(node, graph),
        _ => false,
    };

    /// <summary>The share of values that a Dropout drops.</summary>
    /// <exception cref="ModelMismatchException">It is no constant, or not in [0, 1).</exception>
    public static float RatioOf(NodeProto node, ForwardGraph graph)
    {
        if (node.Input.Count < 2 || node.Input[1].Length == 0)
        {
            return 0.5f;
        }

        return graph.ConstantOf(node.Input[1]) is { } tensor && Tensors.TryFloats(tensor) is [>= 0 and < 1 and var ratio]
            ? ratio
            : throw Refusal(node, graph, "its ratio must be a constant of at least 0 and below 1");
    }

    /// <summary>The reason why a node cannot be put into either form, to be thrown.</summary>
    public static ModelMismatchException Refusal(NodeProto node, ForwardGraph graph, string reason) =>
        new($"{graph.Name}: {node.OpType} '{node.Name}': {reason}");

    private static bool IsTrue(NodeProto node, ForwardGraph graph) =>
        graph.ConstantOf(node.Input[2]) is { DataType: (int)TensorProto.Types.DataType.Bool } tensor && Tensors.Bytes(tensor) is [var mode]
            ? mode != 0
            : throw Refusal(node, graph, "its training mode must be a constant");
}
