using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Losses;

/// <summary>Mean cross-entropy in nats: -(1/N) Σ log softmax(logits)[label], for logits [N, classes] and int64 labels [N].</summary>
/// <remarks>
/// The gradient (softmax(logits) - onehot(labels)) / N is written down rather than derived: fewer nodes, and exact where the
/// probability rounds to 0. The runtime's own loss operator has a gradient in training builds only.
/// </remarks>
internal sealed class CrossEntropyLoss(string logits, string labels = "labels") : ILoss
{
    public IReadOnlyList<string> Outputs => [logits];

    public LossTerms Append(GraphWriter graph, ValueTypes types)
    {
        if (types.Of(logits) is not { Dimensions: [var rows, > 0 and var classes] } type)
        {
            throw new ModelMismatchException($"cross-entropy needs the output '{logits}' to be [rows, classes], not {Text(types.Of(logits))}");
        }

        var z = graph.Existing(logits);
        var label = graph.Input(labels, DataType.Int64, [rows >= 0 ? rows : type.Symbols[0].Length > 0 ? type.Symbols[0] : "rows"]);
        var logProbability = graph.Op("LogSoftmax", [z], Attributes.Of("axis", 1));
        var target = graph.Op("OneHot", label, graph.Integer(classes), graph.Tensor([2], [0, 1]));
        var rowCount = label.Size(0).ToFloat().Reshape([]);

        var loss = -(graph.Op("ReduceSum", [logProbability * target], Attributes.Of("keepdims", 0)) / rowCount);
        var gradient = (logProbability.Exp() - target) / rowCount;
        return new LossTerms(loss, [(logits, gradient)]);
    }

    private static string Text(TensorInfo? type) => type is null
        ? "a scalar or a value of unknown shape"
        : $"[{string.Join(", ", type.Dimensions.Select(size => size < 0 ? "?" : $"{size}"))}]";
}
