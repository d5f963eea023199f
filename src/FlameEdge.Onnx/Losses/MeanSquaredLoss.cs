using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>Mean over all elements of (z - y)².</summary>
internal sealed class MeanSquaredLoss(string output, Target target) : ElementwiseLoss(output, target)
{
    protected override (Value Losses, Value Gradients) Compare(Value z, Value y)
    {
        var difference = z - y;
        return (difference * difference, 2 * difference);
    }
}
