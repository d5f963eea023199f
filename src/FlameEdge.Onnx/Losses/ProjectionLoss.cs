using FlameEdge.Onnx.Graphs;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Losses;

/// <summary>Σ output × weight over given outputs: starts the backward pass with any gradient one likes. Weights are graph inputs of the outputs' shapes.</summary>
internal sealed class ProjectionLoss(IReadOnlyList<(string Output, string Weight)> terms) : ILoss
{
    public IReadOnlyList<string> Outputs => [.. terms.Select(term => term.Output)];

    public LossTerms Append(GraphWriter graph, ValueTypes types)
    {
        var seeds = terms.Select(term => (term.Output, graph.Input(term.Weight, DataType.Float, Dimensions(types.Of(term.Output))))).ToList();
        var loss = seeds
            .Select(seed => graph.Op("ReduceSum", [graph.Existing(seed.Output) * seed.Item2], Attributes.Of("keepdims", 0)))
            .Aggregate((left, right) => left + right);
        return new LossTerms(loss, seeds);
    }

    private static IEnumerable<object> Dimensions(TensorInfo? type) =>
        type?.Dimensions.Select((size, axis) => size >= 0 ? (object)size : $"size{axis}") ?? [];
}
