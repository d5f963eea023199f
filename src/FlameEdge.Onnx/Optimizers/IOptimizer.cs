using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>The rule of an optimizer step written into the graph, the same for every parameter. Its settings are constants of the graph.</summary>
internal interface IOptimizer
{
    /// <summary>What it wants the gradient multiplied with. At the loss that costs one small node; behind the backward pass it would cost one per parameter.</summary>
    float GradientScale { get; }

    /// <summary>Names of the tensors it keeps per parameter, each of the parameter's shape and zero at the start.</summary>
    IReadOnlyList<string> Slots { get; }

    /// <summary>Names of its scalar inputs, which change from step to step.</summary>
    IReadOnlyList<string> Scalars { get; }

    /// <summary>Writes the scalars of step <paramref name="step"/>, counted from 1.</summary>
    void Write(long step, Span<float> scalars);

    /// <summary>Appends one step; <paramref name="gradient"/> is scaled, slots and scalars come in the order of their names.</summary>
    OptimizerStep Step(Value parameter, Value gradient, IReadOnlyList<Value> slots, IReadOnlyList<Value> scalars);
}

/// <summary>The state after a step.</summary>
/// <param name="Parameter">The next parameter.</param>
/// <param name="Slots">The next slots, in order.</param>
internal sealed record OptimizerStep(Value Parameter, IReadOnlyList<Value> Slots);
