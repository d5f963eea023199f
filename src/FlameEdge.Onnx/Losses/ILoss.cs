using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>What training makes small. Appends itself to the forward graph and says where the backward pass starts.</summary>
internal interface ILoss
{
    /// <summary>The values of the forward graph that it reads.</summary>
    IReadOnlyList<string> Outputs { get; }

    /// <summary>Appends the loss and the gradients of what it reads; further graph inputs, such as labels, are its own.</summary>
    /// <exception cref="Diagnostics.ModelMismatchException">The values it reads have not the shape it needs.</exception>
    LossTerms Append(GraphWriter graph, ValueTypes types);
}

/// <summary>A loss within a graph.</summary>
/// <param name="Loss">The loss, a float32 scalar.</param>
/// <param name="Seeds">Values of the forward graph with the loss's gradient of each.</param>
internal sealed record LossTerms(Value Loss, IReadOnlyList<(string Value, Value Gradient)> Seeds);
