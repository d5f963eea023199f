using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Operators that take tensors apart and put them together.</summary>
internal static class IndexingRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Concat", Concat, [.. Enumerable.Range(0, 16)]),
        new("Split", Split),
        new("Gather", node => GiveScattered(node, PlacesBySameNode(node)), 0),
        new("Slice", node => GiveScattered(node, PlacesBySameNode(node))),
        new("Pad", Pad),
        new("Tile", node => GiveScattered(node, PlacesBySameNode(node))),
        new("GatherElements", node => GiveScattered(node, PlacesBySameNode(node)), 0),
        new("GatherND", node => GiveScattered(node, PlacesBySameNode(node)), 0),
        new("Resize", Resize),
        new("Trilu", Trilu),
        new("ScatterElements", ScatterElements),
        new("ScatterND", ScatterND),
    ];

    /// <summary>Gives input 0 the output's gradient, each value added at its place: an index into the flattened input.</summary>
    public static void GiveScattered(NodeGradient node, Value places)
    {
        var length = node.Graph.Op("Size", node.Input(0)).Reshape(1);
        node.GiveReshaped(0, Scatter(node, places, length));
    }

    private static Value Scatter(NodeGradient node, Value places, Value length) => node.Graph.Op(
        "ScatterElements",
        [node.Graph.Zeros(length), places.Reshape(-1), node.Gradient.Reshape(-1)],
        Attributes.Of("axis", 0),
        Attributes.Of("reduction", "add"));

    private static void Concat(NodeGradient node)
    {
        var axis = AxisOf(node, node.Output());
        var indices = Enumerable.Range(0, node.Node.Input.Count).ToArray();
        Value[] sizes = [.. indices.Select(index => node.Input(index).Size(axis))];
        var parts = node.Graph.Op(
            "Split",
            sizes.Length,
            [node.Gradient, node.Graph.Op("Concat", sizes, Attributes.Of("axis", 0))],
            Attributes.Of("axis", axis));
        foreach (var index in indices.Where(node.Wants))
        {
            node.Give(index, parts[index]);
        }
    }

    // A part that nobody reads has the gradient zero.
    private static void Split(NodeGradient node)
    {
        Value[] parts = [.. Enumerable.Range(0, node.Node.Output.Count).Select(index =>
            node.GradientOf(index) ?? node.Graph.Zeros(node.Output(index).Shape()))];
        node.Give(0, node.Graph.Op("Concat", parts, Attributes.Of("axis", node.Node.Int("axis", 0))));
    }

    // Padding comes from a place of its own behind the last value, which is cut off afterwards.
    private static void Pad(NodeGradient node)
    {
        var graph = node.Graph;
        var length = graph.Op("Size", node.Input(0));
        var places = graph.Op("Pad", [Places(node), node.Input(1), length, node.Has(3) ? node.Input(3) : default], [.. node.Node.Attribute]);
        var sum = Scatter(node, places, (length + graph.Integer(1)).Reshape(1));
        node.GiveReshaped(0, graph.Op("Slice", sum, graph.Integers(0), length.Reshape(1), graph.Integers(0)));
    }

    // Nearest neighbours only copy; the runtime resizes int32, but not int64.
    private static void Resize(NodeGradient node)
    {
        if (node.Node.Text("mode", "nearest") != "nearest" || node.Node.Text("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize")
        {
            throw node.Refusal("only nearest neighbours have a gradient");
        }

        var places = node.Graph.Op("Cast", [Places(node)], Attributes.Of("to", (long)DataType.Int32));
        var resized = node.Graph.Op("Resize", [places, .. Others(node)], [.. node.Node.Attribute]);
        GiveScattered(node, node.Graph.Op("Cast", [resized], Attributes.Of("to", (long)DataType.Int64)));
    }

    private static void Trilu(NodeGradient node) =>
        node.Give(0, node.Graph.Op("Trilu", [node.Gradient, .. Others(node)], [.. node.Node.Attribute]));

    // What was overwritten has no gradient; what was added to keeps its own.
    private static void ScatterElements(NodeGradient node) => Overwritten(
        node,
        updates => node.Graph.Op("ScatterElements", [node.Gradient, node.Input(1), updates], Attributes.Of("axis", node.Node.Int("axis", 0))),
        () => node.Graph.Op("GatherElements", [node.Gradient, node.Input(1)], Attributes.Of("axis", node.Node.Int("axis", 0))));

    private static void ScatterND(NodeGradient node) => Overwritten(
        node,
        updates => node.Graph.Op("ScatterND", node.Gradient, node.Input(1), updates),
        () => node.Graph.Op("GatherND", node.Gradient, node.Input(1)));

    private static void Overwritten(NodeGradient node, Func<Value, Value> overwrite, Func<Value> gather)
    {
        var reduction = node.Node.Text("reduction", "none");
        if (reduction is not ("none" or "add"))
        {
            throw node.Refusal($"the reduction '{reduction}' has no gradient");
        }

        if (node.Wants(0))
        {
            node.Give(0, reduction == "add" ? node.Gradient : overwrite(node.Graph.Zeros(node.Input(2).Shape())));
        }

        if (node.Wants(2))
        {
            node.Give(2, gather());
        }
    }

    // What the node does with values it does with their places too.
    private static Value PlacesBySameNode(NodeGradient node) =>
        node.Graph.Op(node.Node.OpType, [Places(node), .. Others(node)], [.. node.Node.Attribute]);

    private static IEnumerable<Value> Others(NodeGradient node) =>
        Enumerable.Range(1, node.Node.Input.Count - 1).Select(index => node.Has(index) ? node.Input(index) : default);

    private static Value Places(NodeGradient node)
    {
        var (graph, x) = (node.Graph, node.Input(0));
        return graph.Op("Range", graph.Integer(0), graph.Op("Size", x), graph.Integer(1)).Reshape(node.ShapeOf(x));
    }

    private static long AxisOf(NodeGradient node, Value value)
    {
        var axis = node.Node.Int("axis", 0);
        return axis >= 0 ? axis : axis + (node.TypeOf(value)?.Dimensions.Count ?? throw node.Refusal("its rank must be known before it runs"));
    }
}
