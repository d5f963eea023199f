using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Arithmetic with broadcasting, and functions of single values.</summary>
internal static class ArithmeticCases
{
    private static readonly (long[] Left, long[] Right)[] s_broadcasts =
    [
        ([2, 3, 4], [2, 3, 4]),
        ([2, 3, 4], [4]),
        ([2, 3, 4], [3, 1]),
        ([2, 3, 4], [1, 1, 4]),
        ([2, 3, 4], [2, 1, 1]),
        ([2, 3, 4], []),
        ([2, 3, 4], [1]),
        ([4], [2, 3, 4]),
        ([2, 1, 4], [1, 3, 1]),
        ([3, 1], [2, 3, 4]),
    ];

    public static IEnumerable<OracleCase> All =>
    [
        .. Pairs("Add", X, X, (a, b) => a + b),
        .. Pairs("Sub", X, X, (a, b) => a - b),
        .. Pairs("Mul", X, X, (a, b) => a * b),
        .. Pairs("Div", X, Positive, (a, b) => a / b),
        .. Pairs("Pow", Positive, X, (a, b) => a.pow(b)),
        .. Pairs("Max", X, X, maximum),
        .. Pairs("Min", X, X, minimum),
        Node("Pow square of signed values", [X(2, 3), Given(2) with { Shape = [] }], t => t[0].pow(t[1])).Batched(),
        Node("Pow cube of signed values", [X(2, 3), Given(3)], t => t[0].pow(3)),
        Node("Mul by itself", [X(2, 3)], t => t[0] * t[0]) with { Onnx = (_, v) => [v[0] * v[0]] },
        Node("Add to itself", [X(2, 3)], t => t[0] + t[0]) with { Onnx = (_, v) => [v[0] + v[0]] },
        Node("Sum of three", [X(2, 3), X(3), X(2, 1)], t => t[0] + t[1] + t[2]).Batched(),
        Node("Sum of one", [X(2, 3)], t => t[0].clone()),
        Node("Mean of three", [X(2, 3), X(3), X(2, 1)], t => (t[0] + t[1] + t[2]) / 3).Batched(),
        Node("Max of three", [X(2, 3), X(3), X(2, 1)], t => maximum(maximum(t[0], t[1]), t[2])),
        Node("Min of three", [X(2, 3), X(3), X(2, 1)], t => minimum(minimum(t[0], t[1]), t[2])),
        .. Single("Neg", X, t => -t),
        .. Single("Abs", Apart, t => t.abs()),
        .. Single("Exp", X, t => t.exp()),
        .. Single("Log", Positive, t => t.log()),
        .. Single("Sqrt", Positive, t => t.sqrt()),
        .. Single("Reciprocal", Positive, t => 1 / t),
        .. Single("Erf", X, t => t.erf()),
        .. Single("Sin", X, t => t.sin()),
        .. Single("Cos", X, t => t.cos()),
        .. Single("Tan", Within, t => t.tan()),
        .. Single("Sinh", X, t => t.sinh()),
        .. Single("Cosh", X, t => t.cosh()),
        .. Single("Asin", Within, t => t.asin()),
        .. Single("Acos", Within, t => t.acos()),
        .. Single("Atan", X, t => t.atan()),
        .. Single("Asinh", X, t => t.asinh()),
        .. Single("Acosh", shape => Between(1.2, 3, shape), t => t.acosh()),
        .. Single("Atanh", Within, t => t.atanh()),
        .. Wheres,
    ];

    private static IEnumerable<OracleCase> Wheres
    {
        get
        {
            foreach (var (left, right) in s_broadcasts)
            {
                yield return Graph(
                    $"Where [{string.Join(",", left)}] [{string.Join(",", right)}]",
                    [X(left), X(right)],
                    (_, v) => Condition(v[0].Graph).Choose(v[0], v[1]),
                    t => where(tensor(s_condition).reshape(2, 3, 1), t[0], t[1]));
            }

            yield return Graph("Where by its own sign", [Apart(3, 4), X(4)], (_, v) => v[0].Above(0).Choose(v[0] * v[0], v[1]), t => where(t[0].gt(0), t[0] * t[0], t[1])).Batched();
        }
    }

    private static readonly bool[] s_condition = [true, false, false, true, true, false];

    private static Value Condition(GraphWriter graph)
    {
        var flags = graph.Tensor([2, 3, 1], [.. s_condition.Select(flag => flag ? 1f : 0)]);
        return graph.Op("Cast", [flags], Attributes.Of("to", (long)DataType.Bool));
    }

    private static Operand Within(params long[] shape) => Between(-0.8, 0.8, shape);

    private static IEnumerable<OracleCase> Single(string name, Func<long[], Operand> operand, Func<Tensor, Tensor> torch) =>
    [
        Node($"{name} of a matrix", [operand([3, 4])], t => torch(t[0])).Batched(),
        Node($"{name} of a scalar", [operand([])], t => torch(t[0])),
        Node($"{name} of a block", [operand([2, 3, 1, 4])], t => torch(t[0])),
    ];

    private static IEnumerable<OracleCase> Pairs(string name, Func<long[], Operand> left, Func<long[], Operand> right, Func<Tensor, Tensor, Tensor> torch) =>
    [
        .. s_broadcasts.Select(pair => Node($"{name} [{string.Join(",", pair.Left)}] [{string.Join(",", pair.Right)}]", [left(pair.Left), right(pair.Right)], t => torch(t[0], t[1]))),
        Node($"{name} row open", [left([3, 4]), right([4])], t => torch(t[0], t[1])).Batched(),
        Node($"{name} column open", [left([3, 2, 4]), right([2, 1])], t => torch(t[0], t[1])).Batched(),
        Node($"{name} scalar open", [left([3, 2, 4]), right([])], t => torch(t[0], t[1])).Batched(),
        Node($"{name} by a constant", [left([3, 4]), right([4]) with { IsTrained = false }], t => torch(t[0], t[1])).Batched(),
        Node($"{name} of a constant", [left([3, 4]) with { IsTrained = false }, right([4])], t => torch(t[0], t[1])),
    ];
}
