using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>Stochastic gradient descent: g += decay p; v = momentum v + g; p -= rate v, or with Nesterov p -= rate (g + momentum v). No dampening.</summary>
/// <remarks>
/// The gradient comes as d = -rate g and the velocity is kept as u = -rate v, so that p += u is all that is left to do; what is not
/// asked for has no nodes: without momentum there is no velocity.
/// </remarks>
internal sealed class SgdOptimizer(double rate, double momentum, bool isNesterov, double decay) : IOptimizer
{
    public float GradientScale => (float)-rate;

    public IReadOnlyList<string> Slots => momentum > 0 ? ["velocity"] : [];

    public IReadOnlyList<string> Scalars => [];

    public void Write(long step, Span<float> scalars)
    {
        // Its scalars are constants.
    }

    public OptimizerStep Step(Value parameter, Value gradient, IReadOnlyList<Value> slots, IReadOnlyList<Value> scalars)
    {
        if (momentum == 0)
        {
            return new OptimizerStep(gradient.PlusMultiple((float)(1 - (rate * decay)), parameter), []);
        }

        var decayed = decay > 0 ? gradient.PlusMultiple((float)(-rate * decay), parameter) : gradient;
        var velocity = isNesterov
            ? ((float)momentum * slots[0]) + decayed
            : decayed.PlusMultiple((float)momentum, slots[0]);
        var step = isNesterov ? decayed + ((float)momentum * velocity) : velocity;
        return new OptimizerStep(parameter + step, [velocity]);
    }
}
