using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>Stochastic gradient descent with momentum and weight decay, without dampening: g += decay p; v = momentum v + g; p -= rate v.</summary>
internal sealed class SgdOptimizer : IOptimizer
{
    public IReadOnlyList<string> Slots => ["velocity"];

    public IReadOnlyList<string> Scalars => ["learning_rate", "momentum", "weight_decay"];

    public OptimizerStep Step(Value parameter, Value gradient, IReadOnlyList<Value> slots, IReadOnlyList<Value> scalars)
    {
        var (rate, momentum, decay) = (scalars[0], scalars[1], scalars[2]);
        var velocity = (momentum * slots[0]) + (gradient + (decay * parameter));
        return new OptimizerStep(parameter - (rate * velocity), [velocity]);
    }
}
