using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Losses;

/// <summary>alpha T² KL(q ‖ p) + (1 - alpha) cross-entropy, with p = softmax(logits / T) and q = softmax(teacher logits / T), means over rows; q is a constant.</summary>
/// <param name="logits">Name of the logits, [N, classes].</param>
/// <param name="labels">Name of the input with the class of each row, int64 [N].</param>
/// <param name="teacher">Name of the input with the teacher's logits, [N, classes].</param>
/// <param name="temperature">T, above 0.</param>
/// <param name="alpha">Share of the teacher, in [0, 1].</param>
/// <seealso href="https://arxiv.org/abs/1503.02531">Hinton et al. 2015</seealso>
internal sealed class DistillationLoss(string logits, string labels, string teacher, float temperature, float alpha) : ILoss
{
    public IReadOnlyList<string> Outputs => [logits];

    public LossTerms Append(GraphWriter graph, ValueTypes types)
    {
        var (plain, seeds) = new CrossEntropyLoss(logits, Target.Classes(labels)).Append(graph, types);
        var z = graph.Existing(logits);
        var t = Target.Values(teacher).Append(graph, types, logits);
        var rows = z.Size(0).ToFloat().Reshape([]);
        var (logP, logQ) = (Softened(z), Softened(t));
        var q = logQ.Exp();

        // d(T² KL)/dz = T (p - q) / N.
        var divergence = (q * (logQ - logP)).Total() / rows;
        var pull = (logP.Exp() - q) / rows;
        return new LossTerms(
            (alpha * temperature * temperature * divergence) + ((1 - alpha) * plain),
            [(logits, (alpha * temperature * pull) + ((1 - alpha) * seeds[0].Gradient))]);
    }

    private Value Softened(Value values) => values.Graph.Op("LogSoftmax", [(1 / temperature) * values], Attributes.Of("axis", 1));
}
