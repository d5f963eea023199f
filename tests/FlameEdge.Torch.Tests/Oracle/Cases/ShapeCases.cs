using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Operators that move values without changing them.</summary>
internal static class ShapeCases
{
    public static IEnumerable<OracleCase> All =>
    [
        Node("Identity", [X(3, 4)], t => t[0].clone()).Batched(),
        Node("Flatten", [X(2, 3, 4)], t => t[0].reshape(2, 12)).Batched(),
        Node("Flatten axis 2", [X(2, 3, 4, 5)], t => t[0].reshape(6, 20), A("axis", 2)).Batched(),
        Node("Flatten axis 0", [X(2, 3)], t => t[0].reshape(1, 6), A("axis", 0)),
        Node("Flatten axis -1", [X(2, 3, 4)], t => t[0].reshape(6, 4), A("axis", -1)),
        Reshape("to a matrix", [2, 3, 4], [6, 4]),
        Reshape("with a free size", [2, 3, 4], [-1, 4]).Batched(),
        Reshape("with a copied size", [2, 3, 4], [0, 2, 6]).Batched(),
        Reshape("into more axes", [2, 12], [0, 3, 2, 2]).Batched(),
        Squeeze("one axis", [2, 1, 3], [1]).Batched(),
        Squeeze("two axes", [2, 1, 3, 1], [1, -1]).Batched(),
        Node("Squeeze all", [X(1, 3, 1)], t => t[0].squeeze()),
        Unsqueeze("one axis", [2, 3], [1]).Batched(),
        Unsqueeze("two axes", [2, 3], [0, -1]),
        Node("Transpose", [X(2, 3, 4)], t => t[0].permute(2, 1, 0)),
        Node("Transpose order", [X(2, 3, 4)], t => t[0].permute(1, 2, 0), A("perm", [1, 2, 0])).Batched(),
        Node("Transpose channels last", [X(2, 3, 4, 5)], t => t[0].permute(0, 2, 3, 1), A("perm", [0, 2, 3, 1])).Batched(),
        Expand("a row", [4], [3, 4]),
        Expand("a column", [3, 1], [2, 3, 4]),
        Expand("in both directions", [3, 1, 2], [1, 4, 2]),
        Expand("a scalar", [], [2, 3]),
        Graph("Cast to double and back", [X(3, 4)], (g, v) => ToFloat(g.Op("Cast", v, A("to", (long)DataType.Double))), t => t[0].@double().@float()).Batched(),
        Graph("Cast through whole numbers", [X(3, 4)], (g, v) => v[0] * ToFloat(g.Op("Cast", [v[0]], A("to", (long)DataType.Int64))), t => t[0] * t[0].detach().trunc()),
        Graph("CastLike", [X(3, 4), Constant(2)], (g, v) => g.Op("CastLike", v[0], v[1]) * v[0], t => t[0] * t[0]),
        Node("SpaceToDepth", [X(2, 3, 4, 6)], t => t[0].reshape(-1, 3, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(-1, 12, 2, 3), A("blocksize", 2)).Batched(),
        Node("DepthToSpace", [X(2, 8, 3, 2)], t => t[0].reshape(-1, 2, 2, 2, 3, 2).permute(0, 3, 4, 1, 5, 2).reshape(-1, 2, 6, 4), A("blocksize", 2)).Batched(),
        Node("DepthToSpace by columns", [X(2, 8, 3, 2)], t => t[0].reshape(-1, 2, 2, 2, 3, 2).permute(0, 1, 4, 2, 5, 3).reshape(-1, 2, 6, 4), A("blocksize", 2), A("mode", "CRD")).Batched(),
    ];

    private static OracleCase Reshape(string note, long[] from, long[] to) => Graph(
        $"Reshape {note}",
        [X(from)],
        (g, v) => v[0].Reshape(to),
        t => t[0].reshape([.. to.Select((size, axis) => size == 0 ? from[axis] : size)]));

    private static OracleCase Squeeze(string note, long[] from, long[] axes) => Graph(
        $"Squeeze {note}",
        [X(from)],
        (g, v) => g.Op("Squeeze", v[0], g.Integers(axes)),
        t => t[0].reshape([.. from.Where((_, axis) => !axes.Contains(axis) && !axes.Contains(axis - from.Length))]));

    private static OracleCase Unsqueeze(string note, long[] from, long[] axes) => Graph(
        $"Unsqueeze {note}",
        [X(from)],
        (g, v) => v[0].Unsqueeze(axes),
        t => axes.Aggregate(t[0], (value, axis) => value.unsqueeze(axis)));

    private static OracleCase Expand(string note, long[] from, long[] to) => Graph($"Expand {note}", [X(from)], (g, v) => v[0].Expand(g.Integers(to)), t => t[0] * ones(to));

    private static Value ToFloat(Value value) => value.Graph.Op("Cast", [value], A("to", (long)DataType.Float));
}
