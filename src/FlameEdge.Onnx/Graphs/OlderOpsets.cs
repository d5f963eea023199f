using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Says in the words of operator set 17 what files of the sets 7 to 16 say in their own.</summary>
/// <remarks>Most operators kept their words. What moved: lists from attributes to inputs, and the meaning of Softmax and BatchNormalization.</remarks>
internal static class OlderOpsets
{
    /// <summary>Rewrites the nodes of <paramref name="graph"/>; initializers and wiring stay.</summary>
    /// <exception cref="ModelMismatchException">A node says something that later operator sets have no words for.</exception>
    public static void Raise(GraphProto graph, long opset, string where) => Rewriting.Of(graph, (node, writer) =>
    {
        switch (node.OpType)
        {
            case "Squeeze" or "Unsqueeze" or "ReduceSum" when opset < 13:
                MoveToInputs(node, writer, "axes");
                break;
            case "Split" when opset < 13:
                MoveToInputs(node, writer, "split");
                break;
            case "Softmax" or "LogSoftmax" or "Hardmax" when opset < 13:
                return Flattened(node, writer);
            case "Dropout" when opset < 12:
                // Before 12 it says its ratio, but always keeps everything.
                Forget(node, "ratio");
                KeepOutputs(node, 1);
                break;
            case "Clip" when opset < 11:
                MoveNumbers(node, writer, "min", "max");
                break;
            case "Pad" when opset < 11:
                MoveToInputs(node, writer, "pads");
                MoveNumbers(node, writer, "value");
                break;
            case "Resize" when opset < 11:
                node.Input.Insert(1, "");
                node.Attribute.Add(Attributes.Of("coordinate_transformation_mode", "asymmetric"));
                node.Attribute.Add(Attributes.Of("nearest_mode", "floor"));
                break;
            case "Scatter" when opset < 11:
                node.OpType = "ScatterElements";
                break;
            case "Slice" when opset < 10:
                MoveToInputs(node, writer, "starts", "ends", "axes");
                break;
            case "TopK" when opset < 10:
                node.Input.Add(writer.Integers(node.Int("k", 1)).Name);
                Forget(node, "k");
                break;
            case "BatchNormalization" when opset < 14:
                Normalize(node, where);
                break;
            case "Upsample":
                throw Refusal(node, where, "export with Resize instead, operator set 11 or later");
            case "RoiAlign" when opset < 16:
                node.Attribute.Add(Attributes.Of("coordinate_transformation_mode", "output_half_pixel"));
                break;
        }

        return null;
    });

    // Up to 12 the axis, 1 by default, divided the dimensions into rows and columns, and the function went over whole rows.
    private static Value? Flattened(NodeProto node, GraphWriter writer)
    {
        var axis = node.Int("axis", 1);
        if (axis == -1)
        {
            return null;
        }

        var x = writer.Existing(node.Input[0]);
        var rows = writer.Op("Flatten", [x], Attributes.Of("axis", axis));
        return writer.Op(node.OpType, [rows], Attributes.Of("axis", 1L)).Reshape(x.Shape());
    }

    // Up to 13 the number of outputs told the mode; the last two only helped the backward pass.
    private static void Normalize(NodeProto node, string where)
    {
        if (node.Int("spatial", 1) == 0)
        {
            throw Refusal(node, where, "statistics per place (spatial = 0) are not supported");
        }

        Forget(node, "spatial");
        if (node.Output.Skip(1).Any(output => output.Length > 0))
        {
            node.Attribute.Add(Attributes.Of("training_mode", 1L));
            KeepOutputs(node, 3);
        }
    }

    private static void MoveToInputs(NodeProto node, GraphWriter writer, params string[] names)
    {
        foreach (var name in names)
        {
            node.Input.Add(node.Ints(name) is { } values ? writer.Integers(values).Name : "");
            Forget(node, name);
        }

        Trim(node);
    }

    private static void MoveNumbers(NodeProto node, GraphWriter writer, params string[] names)
    {
        foreach (var name in names)
        {
            node.Input.Add(node.Find(name) is { } number ? writer.Scalar(number.F).Name : "");
            Forget(node, name);
        }

        Trim(node);
    }

    private static void Trim(NodeProto node)
    {
        while (node.Input[^1].Length == 0)
        {
            node.Input.RemoveAt(node.Input.Count - 1);
        }
    }

    private static void Forget(NodeProto node, string name)
    {
        if (node.Find(name) is { } attribute)
        {
            node.Attribute.Remove(attribute);
        }
    }

    private static void KeepOutputs(NodeProto node, int count)
    {
        while (node.Output.Count > count)
        {
            node.Output.RemoveAt(node.Output.Count - 1);
        }
    }

    private static ModelMismatchException Refusal(NodeProto node, string where, string reason) =>
        new($"{where}: {node.OpType} '{node.Name}': {reason}");
}
