using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>Limits the length of a gradient over all tensors together: g min(1, limit / (|g| + 1e-6)).</summary>
/// <seealso href="https://arxiv.org/abs/1211.5063">Pascanu et al. 2013, algorithm 1</seealso>
internal static class Clipping
{
    // As torch: keeps a zero gradient from being divided by zero.
    private const float Least = 1e-6f;

    /// <summary>The limited gradients; they come, and go, multiplied by <paramref name="scale"/>.</summary>
    public static IReadOnlyList<Value> Limit(IReadOnlyList<Value> gradients, float limit, float scale)
    {
        if (gradients.Count == 0)
        {
            return gradients;
        }

        var graph = gradients[0].Graph;
        Value[] squares = [.. gradients.Select(gradient => graph.Op("ReduceSumSquare", [gradient], Attributes.Of("keepdims", 0)))];
        var norm = graph.Op("Sum", squares).Sqrt();
        var size = Math.Abs(scale);
        var factor = graph.Op("Min", graph.Scalar(1), graph.Scalar(limit * size) / (norm + (Least * size)));
        return [.. gradients.Select(gradient => gradient * factor)];
    }
}
