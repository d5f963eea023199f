using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients;

/// <summary>The gradient of a broadcast: what was repeated in the forward pass is summed in the backward one.</summary>
internal static class Broadcasting
{
    /// <summary>Sums <paramref name="gradient"/>, which has the output's shape, down to the shape of <paramref name="target"/>.</summary>
    public static Value Undo(Value gradient, TensorInfo? output, Value target, TensorInfo? targetType)
    {
        if (output is null || targetType is null || RepeatedAxes(output, targetType) is not { } axes)
        {
            return UndoAtRunTime(gradient, target);
        }

        var leading = output.Dimensions.Count - targetType.Dimensions.Count;
        if (axes.Count == leading)
        {
            return leading == 0 ? gradient : gradient.Sum([.. axes], keep: false);
        }

        var sum = gradient.Sum([.. axes], keep: true);
        return leading == 0 ? sum : sum.Reshape(targetType.IsStatic ? Constant(target.Graph, targetType) : target.Shape());
    }

    // Null where two open sizes may or may not be equal: only the run can tell.
    private static List<long>? RepeatedAxes(TensorInfo output, TensorInfo target)
    {
        var leading = output.Dimensions.Count - target.Dimensions.Count;
        if (leading < 0)
        {
            throw new UnsupportedNodeException($"a value of {target.Dimensions.Count} dimensions is not broadcast to {output.Dimensions.Count}");
        }

        var axes = Enumerable.Range(0, leading).Select(axis => (long)axis).ToList();
        for (var axis = 0; axis < target.Dimensions.Count; axis++)
        {
            var (own, whole) = (target.Dimensions[axis], output.Dimensions[axis + leading]);
            if (own == 1 && whole != 1)
            {
                axes.Add(axis + leading);
            }
            else if (own < 0 && whole != 1 && !SameSymbol(target.Symbols[axis], output.Symbols[axis + leading]))
            {
                return null;
            }
        }

        return axes;
    }

    private static bool SameSymbol(string left, string right) => left.Length > 0 && left == right;

    private static Value UndoAtRunTime(Value gradient, Value target)
    {
        var graph = target.Graph;
        var (whole, own) = (gradient.Shape(), target.Shape());
        var one = Tensors.Of("", [1], [1L]);
        var ones = graph.Op("ConstantOfShape", [whole.Shape() - own.Shape()], Attributes.Of("value", one));
        var padded = graph.Op("Concat", [ones, own], Attributes.Of("axis", 0));
        var repeated = graph.Op("NonZero", graph.Op("Not", graph.Op("Equal", padded, whole))).Reshape(-1);
        var sum = graph.Op("ReduceSum", [gradient, repeated], Attributes.Of("keepdims", 1), Attributes.Of("noop_with_empty_axes", 1));
        return sum.Reshape(own);
    }

    private static Value Constant(GraphWriter graph, TensorInfo type) => graph.Integers([.. type.Dimensions.Select(size => (long)size)]);
}
