using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Optimizers;

/// <summary>An optimizer step written into the graph, the same for every parameter.</summary>
internal interface IOptimizer
{
    /// <summary>Names of the tensors it keeps per parameter, each of the parameter's shape and zero at the start.</summary>
    IReadOnlyList<string> Slots { get; }

    /// <summary>Names of its scalar inputs.</summary>
    IReadOnlyList<string> Scalars { get; }

    /// <summary>Appends one step; slots and scalars come in the order of their names.</summary>
    OptimizerStep Step(Value parameter, Value gradient, IReadOnlyList<Value> slots, IReadOnlyList<Value> scalars);
}

/// <summary>The state after a step.</summary>
/// <param name="Parameter">The next parameter.</param>
/// <param name="Slots">The next slots, in order.</param>
internal sealed record OptimizerStep(Value Parameter, IReadOnlyList<Value> Slots);
