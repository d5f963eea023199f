using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Looks at every node before the runtime does: what it would divide by must not be zero, and what it would open must not be there.</summary>
internal static class NodeChecks
{
    private const int MostAxes = 16;

    // Steps, windows and groups are divided by.
    private static readonly HashSet<string> s_counts = new(StringComparer.Ordinal)
    {
        "strides", "dilations", "kernel_shape", "group", "num_groups", "blocksize", "num_outputs",
    };

    private static readonly HashSet<string> s_lists = new(StringComparer.Ordinal) { "strides", "dilations", "kernel_shape", "pads", "perm", "axes" };

    /// <summary>Refuses a node that cannot be meant; <paramref name="where"/> is what messages call the model.</summary>
    /// <exception cref="ModelMismatchException">The node cannot be trusted.</exception>
    public static void Check(NodeProto node, string where)
    {
        if (node.OpType.Length == 0 || node.Output.All(output => output.Length == 0))
        {
            throw Refusal(node, where, "a node needs an operator and an output");
        }

        foreach (var attribute in node.Attribute)
        {
            if (attribute.G is not null || attribute.Graphs.Count > 0 || attribute.SparseTensor is not null || attribute.SparseTensors.Count > 0)
            {
                throw Refusal(node, where, "holds a graph or a sparse tensor of its own, which is not supported");
            }

            CheckNumbers(attribute, node, where);
            if (attribute.T is not null)
            {
                Tensors.Check(attribute.T, where);
            }

            foreach (var tensor in attribute.Tensors)
            {
                Tensors.Check(tensor, where);
            }
        }
    }

    private static void CheckNumbers(AttributeProto attribute, NodeProto node, string where)
    {
        if (s_lists.Contains(attribute.Name) && attribute.Ints.Count > MostAxes)
        {
            throw Refusal(node, where, $"{attribute.Name} has {attribute.Ints.Count} entries");
        }

        var least = s_counts.Contains(attribute.Name) ? 1 : -int.MaxValue;
        if (s_counts.Contains(attribute.Name) || s_lists.Contains(attribute.Name))
        {
            var numbers = attribute.HasI ? attribute.Ints.Append(attribute.I) : attribute.Ints;
            foreach (var number in numbers.Where(number => number < least || number > int.MaxValue))
            {
                throw Refusal(node, where, $"{attribute.Name} cannot be {number}");
            }
        }
    }

    private static ModelMismatchException Refusal(NodeProto node, string where, string reason) =>
        new($"{where}: {node.OpType} '{node.Name}': {reason}");
}
