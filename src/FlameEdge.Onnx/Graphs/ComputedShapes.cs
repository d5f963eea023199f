using System.Globalization;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>States as constants the shapes that a model computes from the sizes of its values, so that the sizes after them become known.</summary>
internal static class ComputedShapes
{
    /// <summary>Settles what <paramref name="types"/> suffice for; true where something changed, and more may follow from it.</summary>
    public static bool Settle(ForwardGraph forward, ValueTypes types)
    {
        var computed = forward.Graph.Node.Where(node => node.OpType == "Reshape" && node.Input.Count == 2 && forward.ConstantOf(node.Input[1]) is null).ToList();
        if (computed.Count == 0)
        {
            return false;
        }

        var sizes = new SizeArithmetic(forward, types);
        var settled = false;
        foreach (var node in computed)
        {
            if (sizes.Of(node.Input[1]) is { } target && Constant(node, target, types.Of(node.Input[0])) is { } shape)
            {
                node.Input[1] = forward.Store(shape);
                settled = true;
            }
        }

        return settled;
    }

    // 0 keeps the size of the same axis, -1 is what remains: at most one such can be said.
    private static long[]? Constant(NodeProto node, string?[] target, TensorInfo? input)
    {
        var keeps = node.Int("allowzero", 0) == 0;
        long[] shape = [.. target.Select((size, axis) => size switch
        {
            not null when long.TryParse(size, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
            not null when keeps && axis < input?.Symbols.Count && input.Symbols[axis] == size => 0,
            _ => -1,
        })];
        return shape.Count(size => size == -1) <= 1 ? shape : null;
    }
}
