using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Sums, means, norms and extremes over axes: the gradient of the result goes back to every value that made it.</summary>
internal static class ReductionRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("ReduceSum", node => node.Give(0, Spread(node, node.Gradient))),
        new("ReduceMean", Mean),
        new("ReduceMax", Extreme),
        new("ReduceMin", Extreme),
        new("ReduceL1", node => node.Give(0, Spread(node, node.Gradient) * node.Graph.Op("Sign", node.Input(0)))),
        new("ReduceL2", L2),
        new("ReduceSumSquare", node => node.Give(0, 2 * (node.Input(0) * Spread(node, node.Gradient)))),
        new("ReduceLogSum", node => node.Give(0, Spread(node, node.Gradient / node.Output().Exp()))),
        new("ReduceLogSumExp", node => node.Give(0, Spread(node, node.Gradient) * (node.Input(0) - Spread(node, node.Output())).Exp())),
        new("CumSum", CumSum),
    ];

    private static void Mean(NodeGradient node)
    {
        var (whole, kept) = (node.Graph.Op("Size", node.Input(0)), node.Graph.Op("Size", node.Output()));
        node.Give(0, Spread(node, node.Gradient / (whole / kept).ToFloat()));
    }

    // Equal extremes share the gradient evenly.
    private static void Extreme(NodeGradient node)
    {
        var isExtreme = node.Graph.Op("Equal", node.Input(0), Spread(node, node.Output())).ToFloat();
        var count = AxesOf(node) is { } axes ? isExtreme.Sum(axes, keep: true) : node.Graph.Op("ReduceSum", isExtreme);
        node.Give(0, isExtreme * (Spread(node, node.Gradient) / count));
    }

    // dX = dY X / Y, and 0 where the length is 0 and has no slope.
    private static void L2(NodeGradient node)
    {
        var share = node.Output().Above(0).Choose(node.Gradient / node.Output());
        node.Give(0, node.Input(0) * Spread(node, share));
    }

    // What a value was added to comes after it, so its gradient is summed from the other end.
    private static void CumSum(NodeGradient node) => node.Give(0, node.Graph.Op(
        "CumSum",
        [node.Gradient, node.Input(1)],
        Attributes.Of("exclusive", node.Node.Int("exclusive", 0)),
        Attributes.Of("reverse", 1 - node.Node.Int("reverse", 0))));

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

        var stated = node.Has(1) ? node.ConstantAt(1) ?? throw node.Refusal("the axes must be a constant") : [];
        if (stated.Length > 0)
        {
            return stated;
        }

        return node.Node.Int("noop_with_empty_axes", 0) == 0 ? null : throw node.Refusal("reduces over no axes");
    }
}
