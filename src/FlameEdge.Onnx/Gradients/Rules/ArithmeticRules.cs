using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Arithmetic between tensors, with broadcasting, and elementwise functions of one tensor.</summary>
internal static class ArithmeticRules
{
    // A stored tensor that is added or multiplied is a bias or a scale; one that is subtracted, divided by or chosen is
    // normalization of samples or a mask, and stays constant.
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Add", Add, 0, 1),
        new("Sub", Sub),
        new("Mul", Mul, 0, 1),
        new("Div", Div),
        new("Pow", Pow),
        new("Neg", node => node.Give(0, -node.Gradient)),
        new("Abs", node => node.Give(0, node.Gradient * node.Graph.Op("Sign", node.Input(0)))),
        new("Exp", node => node.Give(0, node.Gradient * node.Output())),
        new("Log", node => node.Give(0, node.Gradient / node.Input(0))),
        new("Sqrt", node => node.Give(0, 0.5f * (node.Gradient / node.Output()))),
        new("Reciprocal", node => node.Give(0, -(node.Gradient * (node.Output() * node.Output())))),
        new("Sin", node => node.Give(0, node.Gradient * node.Graph.Op("Cos", node.Input(0)))),
        new("Cos", node => node.Give(0, -(node.Gradient * node.Graph.Op("Sin", node.Input(0))))),
        new("Tan", node => node.Give(0, node.Gradient * ((node.Output() * node.Output()) + 1))),
        new("Sinh", node => node.Give(0, node.Gradient * node.Graph.Op("Cosh", node.Input(0)))),
        new("Cosh", node => node.Give(0, node.Gradient * node.Graph.Op("Sinh", node.Input(0)))),
        new("Asin", node => node.Give(0, node.Gradient / Root(1 - Square(node)))),
        new("Acos", node => node.Give(0, -(node.Gradient / Root(1 - Square(node))))),
        new("Atan", node => node.Give(0, node.Gradient / (Square(node) + 1))),
        new("Asinh", node => node.Give(0, node.Gradient / Root(Square(node) + 1))),
        new("Acosh", node => node.Give(0, node.Gradient / Root(Square(node) - 1))),
        new("Atanh", node => node.Give(0, node.Gradient / (1 - Square(node)))),
        new("Erf", Erf),
        new("Where", Where),
    ];

    private static void Add(NodeGradient node)
    {
        foreach (var index in Wanted(node, 0, 1))
        {
            node.GiveBroadcast(index, node.Gradient);
        }
    }

    private static void Sub(NodeGradient node)
    {
        foreach (var index in Wanted(node, 0, 1))
        {
            node.GiveBroadcast(index, index == 0 ? node.Gradient : -node.Gradient);
        }
    }

    private static void Mul(NodeGradient node)
    {
        foreach (var index in Wanted(node, 0, 1))
        {
            node.GiveBroadcast(index, node.Gradient * node.Input(1 - index));
        }
    }

    // Y = A / B: dA = dY / B, dB = -dY Y / B.
    private static void Div(NodeGradient node)
    {
        foreach (var index in Wanted(node, 0, 1))
        {
            var quotient = node.Gradient / node.Input(1);
            node.GiveBroadcast(index, index == 0 ? quotient : -(quotient * node.Output()));
        }
    }

    // Y = A^B: dA = dY B A^(B-1), dB = dY Y ln A; ln A is taken as 0 where A is not positive, as Y has no slope in B there.
    private static void Pow(NodeGradient node)
    {
        var (a, b) = (node.Input(0), node.Input(1));
        if (node.Wants(0))
        {
            var exponent = node.ElementsOf(b) == node.ElementsOf(a) ? b : b.ToFloat();
            node.GiveBroadcast(0, node.Gradient * (exponent * node.Graph.Op("Pow", a, exponent - 1)));
        }

        if (node.Wants(1))
        {
            node.GiveBroadcast(1, node.Gradient * (node.Output() * a.Above(0).Choose(a.Log())));
        }
    }

    // d erf(x) / dx = 2 / sqrt(pi) * exp(-x^2).
    private static void Erf(NodeGradient node)
    {
        var x = node.Input(0);
        node.Give(0, node.Gradient * ((float)(2 / Math.Sqrt(Math.PI)) * (-(x * x)).Exp()));
    }

    private static void Where(NodeGradient node)
    {
        var (condition, zero) = (node.Input(0), node.Graph.Scalar(0));
        foreach (var index in Wanted(node, 1, 2))
        {
            node.GiveBroadcast(index, index == 1 ? condition.Choose(node.Gradient, zero) : condition.Choose(zero, node.Gradient));
        }
    }

    private static Value Square(NodeGradient node) => node.Input(0) * node.Input(0);

    private static Value Root(Value value) => value.Graph.Op("Sqrt", value);

    private static IEnumerable<int> Wanted(NodeGradient node, params int[] indices) => indices.Where(node.Wants);
}
