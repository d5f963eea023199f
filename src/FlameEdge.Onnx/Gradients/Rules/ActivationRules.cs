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
        new("Selu", node => GiveAbove(node, 0, Gamma(node), node.Output() + (Gamma(node) * node.Node.Float("alpha", 1.67326319f)))),
        new("Celu", node => GiveAbove(node, 0, 1, ((1 / node.Node.Float("alpha", 1)) * node.Output()) + 1)),
        new("ThresholdedRelu", node => node.Give(0, node.Input(0).Above(node.Node.Float("alpha", 1)).Choose(node.Gradient))),
        new("PRelu", PRelu, 1),
        new("HardSwish", HardSwish),
        new("Mish", Mish),
        new("Softsign", Softsign),
        new("Gelu", Gelu),
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

    // One slope above the limit, another one below.
    private static void GiveAbove(NodeGradient node, float limit, float above, Value below) =>
        node.Give(0, node.Gradient * node.Input(0).Above(limit).Choose(node.Graph.Scalar(above), below));

    private static float Gamma(NodeGradient node) => node.Node.Float("gamma", 1.05070102f);

    private static void PRelu(NodeGradient node)
    {
        var isAbove = node.Input(0).Above(0);
        node.Give(0, isAbove.Choose(node.Gradient, node.Gradient * node.Input(1)));
        if (node.Wants(1))
        {
            node.GiveBroadcast(1, isAbove.Choose(node.Graph.Scalar(0), node.Gradient * node.Input(0)));
        }
    }

    // Y = x h with h = clip(x / 6 + 1/2, 0, 1): the slope is h + x / 6 where h is inside.
    private static void HardSwish(NodeGradient node)
    {
        var x = node.Input(0);
        var gate = node.Graph.Op("HardSigmoid", [x], Attributes.Of("alpha", 1 / 6f));
        var inside = node.Graph.Op("And", gate.Above(0), gate.Below(1));
        node.Give(0, node.Gradient * (gate + inside.Choose((1 / 6f) * x)));
    }

    // Y = x t with t = tanh(softplus(x)): the slope is t + x (1 - t^2) sigmoid(x).
    private static void Mish(NodeGradient node)
    {
        var x = node.Input(0);
        var t = node.Graph.Op("Tanh", node.Graph.Op("Softplus", x));
        node.Give(0, node.Gradient * (t + (x * ((1 - (t * t)) * node.Graph.Op("Sigmoid", x)))));
    }

    // Y = x / (1 + |x|): the slope is 1 / (1 + |x|)^2.
    private static void Softsign(NodeGradient node)
    {
        var whole = node.Graph.Op("Abs", node.Input(0)) + 1;
        node.Give(0, node.Gradient / (whole * whole));
    }

    // Y = x P with P = (1 + erf(x / sqrt 2)) / 2, or its approximation by tanh(c (x + 0.044715 x^3)) with c = sqrt(2 / pi).
    private static void Gelu(NodeGradient node)
    {
        var x = node.Input(0);
        if (node.Node.Text("approximate", "none") == "tanh")
        {
            var c = (float)Math.Sqrt(2 / Math.PI);
            var square = x * x;
            var t = node.Graph.Op("Tanh", c * (x * ((0.044715f * square) + 1)));
            var inner = c * ((3 * 0.044715f * square) + 1);
            node.Give(0, node.Gradient * (0.5f * ((t + 1) + (x * ((1 - (t * t)) * inner)))));
            return;
        }

        var probability = 0.5f * (node.Graph.Op("Erf", (float)Math.Sqrt(0.5) * x) + 1);
        var density = (float)(1 / Math.Sqrt(2 * Math.PI)) * (-0.5f * (x * x)).Exp();
        node.Give(0, node.Gradient * (probability + (x * density)));
    }

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
