using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Sums, means and maxima over axes: the gradient of the result goes back to every value that made it.</summary>
internal static class ReductionRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("ReduceSum", node => node.Give(0, Spread(node, node.Gradient))),
        new("ReduceMean", Mean),
        new("ReduceMax", Max),
    ];

    private static void Mean(NodeGradient node)
    {
        var (whole, kept) = (node.Graph.Op("Size", node.Input(0)), node.Graph.Op("Size", node.Output()));
        node.Give(0, Spread(node, node.Gradient / (whole / kept).ToFloat()));
    }

    // Equal maxima share the gradient evenly.
    private static void Max(NodeGradient node)
    {
        var x = node.Input(0);
        var isMaximum = node.Graph.Op("Equal", x, Spread(node, node.Output())).ToFloat();
        var count = AxesOf(node) is { } axes ? isMaximum.Sum(axes, keep: true) : node.Graph.Op("ReduceSum", isMaximum);
        node.Give(0, isMaximum * (Spread(node, node.Gradient) / count));
    }

    // Repeats a reduced value over the shape of the input.
    private static Value Spread(NodeGradient node, Value reduced)
    {
        if (node.Node.Int("keepdims", 1) == 0 && AxesOf(node) is { } axes)
        {
            reduced = reduced.Unsqueeze(axes);
        }

        return reduced.Expand(node.ShapeOf(node.Input(0)));
    }

    // Null for all axes. Up to operator set 17 most reductions say their axes in an attribute, later in an input.
    private static long[]? AxesOf(NodeGradient node)
    {
        if (node.Node.Ints("axes") is { } axes)
        {
            return axes;
        }

        if (!node.Has(1))
        {
            return node.Node.Int("noop_with_empty_axes", 0) == 0 ? null : throw node.Refusal("reduces over no axes");
        }

        return node.ConstantAt(1) ?? throw node.Refusal("the axes must be a constant");
    }
}
