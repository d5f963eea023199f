using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>Mean over all elements of r²/2 where |r| = |z - y| is at most <paramref name="delta"/>, of delta (|r| - delta/2) beyond.</summary>
/// <seealso href="https://doi.org/10.1214/aoms/1177703732">Huber 1964</seealso>
internal sealed class HuberLoss(string output, Target target, float delta) : ElementwiseLoss(output, target)
{
    // With s = r limited to ±delta both cases are s (r - s/2), and s is the derivative.
    protected override (Value Losses, Value Gradients) Compare(Value z, Value y)
    {
        var difference = z - y;
        var limited = z.Graph.Op("Clip", difference, z.Graph.Scalar(-delta), z.Graph.Scalar(delta));
        return (limited * (difference - (0.5f * limited)), limited);
    }
}
