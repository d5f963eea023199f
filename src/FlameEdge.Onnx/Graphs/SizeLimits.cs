using System.Globalization;
using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Refuses models whose values would be huge, before the runtime computes constants among them while it opens the model.</summary>
internal static class SizeLimits
{
    /// <summary>The most values that one node may make per sample, and all constant nodes together: 2^26, a quarter of a gigabyte of float32.</summary>
    public const long MaxValuesPerSample = 1L << 26;

    /// <summary>The most nodes that a model may have.</summary>
    public const int MaxNodes = 20_000;

    // Their outputs are as large as the numbers in their inputs say.
    private static readonly HashSet<string> s_growing = new(StringComparer.Ordinal)
    {
        "ConstantOfShape", "Expand", "Tile", "Range", "Resize", "Pad", "OneHot",
    };

    /// <summary>Checks every value of <paramref name="forward"/>.</summary>
    /// <exception cref="ModelMismatchException">A value is too large, or nothing can be told of its size.</exception>
    public static void Check(ForwardGraph forward, ValueTypes types)
    {
        var sizes = new SizeArithmetic(forward, types);
        var constants = forward.Initializers.Keys.ToHashSet(StringComparer.Ordinal);
        var total = 0.0;
        foreach (var node in forward.Graph.Node)
        {
            var isConstant = node.Input.All(input => input.Length == 0 || constants.Contains(input));
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                var count = Count(Sizes(types.Of(output)));
                total += isConstant ? count : 0;
                RefuseAbove(Math.Max(count, total), node, output, forward);
            }

            if (isConstant)
            {
                constants.UnionWith(node.Output);
            }

            if (s_growing.Contains(node.OpType))
            {
                var stated = Stated(node, sizes) ?? Sizes(types.Of(node.Output[0]));
                RefuseAbove(Count(stated), node, node.Output[0], forward);

                // The runtime's sizes are 32-bit integers here, and a product of repeats may wrap around.
                RefuseAbove(node.OpType == "Tile" ? Count(sizes.Of(node.Input[1])) : 0, node, node.Output[0], forward);
                RefuseUnknown(stated, isConstant, node, forward);
            }
        }
    }

    private static string?[]? Sizes(TensorInfo? type) =>
        type is null ? null : [.. type.Dimensions.Zip(type.Symbols, (size, symbol) => size >= 0 ? Text(size) : symbol.Length > 0 ? symbol : null)];

    private static string?[]? Stated(NodeProto node, SizeArithmetic sizes) => node.OpType switch
    {
        "ConstantOfShape" => sizes.Of(node.Input[0]),
        "Expand" => sizes.Of(node.Input[1]),
        "Range" => sizes.Of(node.Input[0]) is ["0"] && sizes.Of(node.Input[2]) is ["1"] && sizes.Of(node.Input[1]) is [{ } limit] ? [limit] : null,
        _ => null,
    };

    // Open sizes count once: they are the batch.
    private static double Count(string?[]? sizes) => sizes?.Aggregate(1.0, (product, size) =>
        double.TryParse(size, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? product * Math.Abs(number) : product) ?? 0;

    private static void RefuseAbove(double count, NodeProto node, string output, ForwardGraph forward)
    {
        if (count > MaxValuesPerSample)
        {
            throw new ModelMismatchException($"{forward.Name}: {node.OpType} '{node.Name}' makes '{output}' of {count:0} values per sample; at most {MaxValuesPerSample} are allowed");
        }
    }

    // One size may be open without a name: a multiple of the batch. A constant has no batch.
    private static void RefuseUnknown(string?[]? stated, bool isConstant, NodeProto node, ForwardGraph forward)
    {
        var open = stated?.Count(size => size is null || size.StartsWith('-')) ?? int.MaxValue;
        if (open > (isConstant ? 0 : 1))
        {
            throw new ModelMismatchException($"{forward.Name}: how large {node.OpType} '{node.Name}' becomes cannot be told before it runs");
        }
    }

    private static string Text(long size) => size.ToString(CultureInfo.InvariantCulture);
}
