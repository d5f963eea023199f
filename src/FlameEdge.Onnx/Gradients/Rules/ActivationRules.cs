using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Activation functions. At a kink the slope is that of the flat side, as in torch.</summary>
internal static class ActivationRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Relu", node => node.Give(0, node.Output().Above(0).Choose(node.Gradient))),
        new("Tanh", node => node.Give(0, node.Gradient * (1 - (node.Output() * node.Output())))),
        new("Sigmoid", node => node.Give(0, node.Gradient * (node.Output() * (1 - node.Output())))),
        new("LeakyRelu", node => node.Give(0, node.Input(0).Above(0).Choose(node.Gradient, node.Node.Float("alpha", 0.01f) * node.Gradient))),
        new("Elu", Elu),
        new("Softplus", node => node.Give(0, node.Gradient * node.Graph.Op("Sigmoid", node.Input(0)))),
        new("HardSigmoid", HardSigmoid),
        new("Clip", Clip),
        new("Softmax", Softmax),
        new("LogSoftmax", LogSoftmax),
    ];

    // Below zero Y = alpha (exp(x) - 1), so its slope is Y + alpha.
    private static void Elu(NodeGradient node) => node.Give(
        0,
        node.Input(0).Above(0).Choose(node.Gradient, node.Gradient * (node.Output() + node.Node.Float("alpha", 1))));

    private static void HardSigmoid(NodeGradient node)
    {
        var inside = node.Graph.Op("And", node.Output().Above(0), node.Output().Below(1));
        node.Give(0, inside.Choose(node.Node.Float("alpha", 0.2f) * node.Gradient));
    }

    // The limits themselves still pass the gradient.
    private static void Clip(NodeGradient node)
    {
        var gradient = node.Gradient;
        if (node.Has(1))
        {
            gradient = node.Graph.Op("GreaterOrEqual", node.Input(0), node.Input(1)).Choose(gradient);
        }

        if (node.Has(2))
        {
            gradient = node.Graph.Op("LessOrEqual", node.Input(0), node.Input(2)).Choose(gradient);
        }

        node.Give(0, gradient);
    }

    // dX = Y (dY - sum(dY Y)).
    private static void Softmax(NodeGradient node)
    {
        var weighted = node.Gradient * node.Output();
        node.Give(0, weighted - (node.Output() * weighted.Sum([node.Node.Int("axis", -1)], keep: true)));
    }

    // dX = dY - softmax(X) sum(dY).
    private static void LogSoftmax(NodeGradient node)
    {
        var sum = node.Gradient.Sum([node.Node.Int("axis", -1)], keep: true);
        node.Give(0, node.Gradient - (node.Output().Exp() * sum));
    }
}
