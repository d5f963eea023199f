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
        new("CastLike", Cast),
        new("SpaceToDepth", SpaceToDepth),
        new("DepthToSpace", DepthToSpace),
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

    private static void SpaceToDepth(NodeGradient node) =>
        node.Give(0, node.Graph.Op("DepthToSpace", [node.Gradient], Attributes.Of("blocksize", node.Node.Int("blocksize", 1))));

    private static void DepthToSpace(NodeGradient node)
    {
        var block = node.Node.Int("blocksize", 1);
        if (node.Node.Text("mode", "DCR") == "DCR")
        {
            node.Give(0, node.Graph.Op("SpaceToDepth", [node.Gradient], Attributes.Of("blocksize", block)));
            return;
        }

        // Column, row, depth: [N, C b b, H, W] was spread as [N, C, H b, W b] with the channels outermost.
        var size = node.SizesOf(node.Input(0), 1);
        var blocks = node.Gradient.Reshape(0, size[1] / (block * block), size[2], block, size[3], block);
        node.GiveReshaped(0, blocks.Transpose(0, 1, 3, 5, 2, 4));
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
