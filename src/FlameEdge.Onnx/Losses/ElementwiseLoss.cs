using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>A loss that compares every output with its target and takes the mean over all of them.</summary>
internal abstract class ElementwiseLoss(string output, Target target) : ILoss
{
    public IReadOnlyList<string> Outputs => [output];

    public LossTerms Append(GraphWriter graph, ValueTypes types)
    {
        var z = graph.Existing(output);
        var (losses, gradients) = Compare(z, target.Append(graph, types, output));
        var count = graph.Op("Size", z).ToFloat();
        return new LossTerms(losses.Total() / count, [(output, gradients / count)]);
    }

    /// <summary>Loss of every element and its derivative by the output, both of the output's shape.</summary>
    protected abstract (Value Losses, Value Gradients) Compare(Value z, Value y);
}
