using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Operators that move values without changing them.</summary>
internal static class ShapeRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Identity", node => node.Give(0, node.Gradient)),
        new("Flatten", Reshaped),
        new("Reshape", Reshaped),
        new("Squeeze", Reshaped),
        new("Unsqueeze", Reshaped),
        new("Transpose", Transpose),
        new("Dropout", node => node.Give(0, node.Gradient)),
        new("Cast", Cast),
        new("Expand", node => node.GiveBroadcast(0, node.Gradient)),
    ];

    private static void Reshaped(NodeGradient node) => node.GiveReshaped(0, node.Gradient);

    private static void Transpose(NodeGradient node)
    {
        if (node.Node.Ints("perm") is not { } order)
        {
            node.Give(0, node.Graph.Op("Transpose", node.Gradient));
            return;
        }

        var inverse = new long[order.Length];
        for (var axis = 0; axis < order.Length; axis++)
        {
            inverse[order[axis]] = axis;
        }

        node.Give(0, node.Gradient.Transpose(inverse));
    }

    // Between floating types the gradient passes; through whole numbers there is no slope.
    private static void Cast(NodeGradient node)
    {
        var (from, to) = (node.ElementsOf(node.Input(0)), node.ElementsOf(node.Output()));
        if (IsFloating(from) && IsFloating(to))
        {
            node.Give(0, node.Graph.Op("Cast", [node.Gradient], Attributes.Of("to", (long)from)));
        }
    }

    private static bool IsFloating(TensorElementType type) => type is TensorElementType.Float or TensorElementType.Double or TensorElementType.Float16;
}
