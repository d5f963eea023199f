using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Gradients;
using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Declared;

/// <summary>Finds what a model file wants to learn: stored float tensors that stand where an operator takes weights, biases or scales.</summary>
/// <remarks>Scalars, limits, exponents and shapes are constants of the model.</remarks>
internal static class TrainableTensors
{
    private static readonly HashSet<string> s_views = new(StringComparer.Ordinal)
    {
        "Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Slice", "Split",
    };

    /// <summary>The names of the tensors, in the order of their first use.</summary>
    public static IReadOnlyList<string> Of(ForwardGraph graph)
    {
        var weights = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in graph.Graph.Node.Reverse())
        {
            // A weight may be turned or copied on its way to where it is used.
            var positions = s_views.Contains(node.OpType) && node.Output.Any(weights.Contains) ? [0] : GradientRules.Find(node.OpType)?.Weights ?? [];
            weights.UnionWith(positions.Where(position => position < node.Input.Count).Select(position => node.Input[position]));
        }

        return
        [
            .. graph.Graph.Node.SelectMany(node => node.Input).Distinct()
                .Where(name => weights.Contains(name) && graph.Initializers.TryGetValue(name, out var tensor) && IsTrainable(tensor)),
        ];
    }

    private static bool IsTrainable(TensorProto tensor) => tensor.DataType == (int)DataType.Float && tensor.Dims.Count > 0;
}
