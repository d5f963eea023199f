using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>Mean cross-entropy of rows in nats: -(1/N) Σ target · log softmax(logits), for logits [N, classes].</summary>
/// <remarks>
/// The gradient (softmax(logits) Σ target - target) / N is written down rather than derived: fewer nodes, and exact where the
/// probability rounds to 0. The runtime's own loss operator has a gradient in training builds only.
/// </remarks>
internal sealed class CrossEntropyLoss(string logits, Target target) : ILoss
{
    public IReadOnlyList<string> Outputs => [logits];

    public LossTerms Append(GraphWriter graph, ValueTypes types)
    {
        var wanted = target.Append(graph, types, logits);
        var logProbability = graph.Op("LogSoftmax", [graph.Existing(logits)], Attributes.Of("axis", 1));
        var rows = graph.Existing(logits).Size(0).ToFloat().Reshape([]);

        // The classes of a row sum up to one; values need not.
        var probability = logProbability.Exp();
        var expected = target.IsClass ? probability : probability * wanted.Sum([1], keep: true);
        var loss = -((logProbability * wanted).Total() / rows);
        return new LossTerms(loss, [(logits, (expected - wanted) / rows)]);
    }
}
