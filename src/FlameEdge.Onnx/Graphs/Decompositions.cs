using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Takes operators apart for which the runtime infers no shapes, so that what comes after them can be differentiated.</summary>
internal static class Decompositions
{
    /// <summary>Rewrites such nodes of <paramref name="graph"/>, written for <paramref name="opset"/>.</summary>
    public static void Apply(GraphProto graph, long opset) => Rewriting.Of(graph, (node, writer) =>
        node.OpType == "GroupNormalization" && node.Input.Count == 3 ? GroupNormalization(node, writer, perGroup: opset < 21) : null);

    // The groups of a sample are normalized like the channels of an instance; 18 scales per group, 21 per channel.
    private static Value GroupNormalization(NodeProto node, GraphWriter writer, bool perGroup)
    {
        var (x, scale, bias) = (writer.Existing(node.Input[0]), writer.Existing(node.Input[1]), writer.Existing(node.Input[2]));
        var count = node.Int("num_groups", 1);
        var epsilon = Attributes.Of("epsilon", node.Float("epsilon", 1e-5f));
        var groups = x.Reshape(0, count, -1);
        if (perGroup)
        {
            return writer.Op("InstanceNormalization", [groups, scale, bias], epsilon).Reshape(x.Shape());
        }

        var (ones, zeros) = (Repeated(writer, 1, count), Repeated(writer, 0, count));
        var normalized = writer.Op("InstanceNormalization", [groups, ones, zeros], epsilon);
        var channels = writer.Op("Concat", [writer.Integers(0), scale.Shape(), writer.Integers(-1)], Attributes.Of("axis", 0));
        return ((normalized.Reshape(channels) * scale.Unsqueeze(1)) + bias.Unsqueeze(1)).Reshape(x.Shape());
    }

    // Made by a node, as stored tensors would be taken for weights.
    private static Value Repeated(GraphWriter writer, float value, long count) =>
        writer.Op("ConstantOfShape", [writer.Integers(count)], Attributes.Of("value", Tensors.Of("", [1], [value])));
}
