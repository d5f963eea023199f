using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>
/// Adam: m = β₁ m + (1 - β₁) g; u = β₂ u + (1 - β₂) g²; p -= rate (m / (1 - β₁ᵗ)) / (√(u / (1 - β₂ᵗ)) + ε). Weight decay goes into the gradient, or,
/// decoupled (AdamW), p is first multiplied by 1 - rate decay.
/// </summary>
/// <remarks>
/// Kept are M = m / (1 - β₁) and U = u / (1 - β₂), which need no factor before g. What the rule then wants of step t are two
/// scalars, computed outside in double: p -= A M / (√U + E).
/// </remarks>
/// <seealso href="https://arxiv.org/abs/1412.6980">Kingma and Ba 2015, algorithm 1</seealso>
/// <seealso href="https://arxiv.org/abs/1711.05101">Loshchilov and Hutter 2019, algorithm 2</seealso>
internal sealed class AdamOptimizer(double rate, double beta1, double beta2, double epsilon, double decay, bool isDecoupled) : IOptimizer
{
    public float GradientScale => 1;

    public IReadOnlyList<string> Slots => ["mean", "square"];

    public IReadOnlyList<string> Scalars => ["adam_rate", "adam_epsilon"];

    public void Write(long step, Span<float> scalars)
    {
        // √(u / (1 - β₂ᵗ)) = q √U.
        var q = Math.Sqrt((1 - beta2) / (1 - Math.Pow(beta2, step)));
        scalars[0] = (float)(rate * (1 - beta1) / ((1 - Math.Pow(beta1, step)) * q));
        scalars[1] = (float)(epsilon / q);
    }

    public OptimizerStep Step(Value parameter, Value gradient, IReadOnlyList<Value> slots, IReadOnlyList<Value> scalars)
    {
        var g = decay > 0 && !isDecoupled ? gradient.PlusMultiple((float)decay, parameter) : gradient;
        var mean = ((float)beta1 * slots[0]) + g;
        var square = ((float)beta2 * slots[1]) + (g * g);
        var kept = decay > 0 && isDecoupled ? (float)(1 - (rate * decay)) * parameter : parameter;
        var step = scalars[0] * mean / (square.Sqrt() + scalars[1]);
        return new OptimizerStep(kept - step, [mean, square]);
    }
}
