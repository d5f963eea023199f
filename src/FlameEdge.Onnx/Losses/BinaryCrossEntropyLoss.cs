using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>Mean over all elements of the log loss of sigmoid(z) against y in [0, 1]: ln(1 + eᶻ) - z y, with the gradient sigmoid(z) - y.</summary>
internal sealed class BinaryCrossEntropyLoss(string logits, Target target) : ElementwiseLoss(logits, target)
{
    protected override (Value Losses, Value Gradients) Compare(Value z, Value y) =>
        (z.Graph.Op("Softplus", z) - (z * y), z.Graph.Op("Sigmoid", z) - y);
}
