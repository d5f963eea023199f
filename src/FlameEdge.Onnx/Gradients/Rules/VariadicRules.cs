using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Operators over any number of tensors, with broadcasting.</summary>
internal static class VariadicRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Sum", node => GiveAll(node, _ => node.Gradient), [.. Enumerable.Range(0, 16)]),
        new("Mean", node => GiveAll(node, _ => (1f / node.Node.Input.Count) * node.Gradient)),
        new("Max", Chosen),
        new("Min", Chosen),
    ];

    // Equal values share the gradient evenly, as in torch.
    private static void Chosen(NodeGradient node)
    {
        Value[] isChosen = [.. node.Node.Input.Select((_, index) => node.Graph.Op("Equal", node.Input(index), node.Output()).ToFloat())];
        var share = node.Gradient / isChosen.Aggregate((left, right) => left + right);
        GiveAll(node, index => isChosen[index] * share);
    }

    private static void GiveAll(NodeGradient node, Func<int, Value> gradient)
    {
        for (var index = 0; index < node.Node.Input.Count; index++)
        {
            if (node.Wants(index))
            {
                node.GiveBroadcast(index, gradient(index));
            }
        }
    }
}
