using FlameEdge.Onnx.Graphs;
using TorchSharp;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Operators that take tensors apart and put them together.</summary>
internal static class IndexingCases
{
    public static IEnumerable<OracleCase> All =>
    [
        Node("Concat rows", [X(2, 3), X(4, 3)], t => cat(t, 0), A("axis", 0)),
        Node("Concat columns", [X(2, 3), X(2, 1), X(2, 4)], t => cat(t, 1), A("axis", 1)),
        Node("Concat channels", [X(2, 3, 4, 4), X(2, 2, 4, 4)], t => cat(t, -3), A("axis", -3)),
        Node("Concat with itself", [X(2, 3)], t => cat([t[0], t[0]], 1)) with { Onnx = (g, v) => [g.Op("Concat", [v[0], v[0]], A("axis", 1))] },
        Node("Concat with itself open", [X(2, 3)], t => cat([t[0], t[0]], 1)).Batched() with { Onnx = (g, v) => [g.Op("Concat", [v[0], v[0]], A("axis", 1))] },
        Split("even", [4, 3], 0, null, 2, t => t.split(2, 0)),
        Split("sizes", [2, 7], 1, [1, 4, 2], 3, t => t.split([1, 4, 2], 1)).Batched(),
        Split("even from behind", [2, 3, 6], -1, null, 3, t => t.split(2, 2)).Batched(),
        Split("one part unread", [2, 7], 1, [1, 4, 2], 3, t => t.split([1, 4, 2], 1)[..1], read: 1).Batched(),
        new OracleCase("Split uneven", [X(2, 7)], (g, v) => g.Op("Split", 3, v, A("axis", 1), A("num_outputs", 3)), t => t[0].split(3, 1)) { Opset = 18 },
        Slice("rows", [5, 4], [1], [4], [0], [1], t => t.slice(0, 1, 4, 1)),
        Slice("columns", [3, 6], [1], [-1], [1], [1], t => t.slice(1, 1, 5, 1)).Batched(),
        Slice("steps", [2, 9, 7], [0, 1], [9, 7], [1, 2], [2, 3], t => t.slice(1, 0, 9, 2).slice(2, 1, 7, 3)).Batched(),
        Slice("backwards", [3, 6], [-1], [-100], [1], [-2], t => t.flip(1).slice(1, 0, 6, 2)).Batched(),
        Slice("beyond the end", [3, 6], [2], [1000], [-1], [1], t => t.slice(1, 2, 6, 1)).Batched(),
        Pad("constant", "constant", [2, 3, 4], [0, 1, 2, 0, 0, 1], t => F.pad(t, [2, 1, 1, 0])).Batched(),
        Pad("a value", "constant", [2, 3], [1, 0, 0, 2], t => F.pad(t, [0, 2, 1, 0], PaddingModes.Constant, 1.5), 1.5f),
        Pad("reflect", "reflect", [2, 3, 4, 5], [0, 0, 1, 2, 0, 0, 2, 3], t => F.pad(t, [2, 3, 1, 2], PaddingModes.Reflect)).Batched(),
        Pad("edge", "edge", [2, 3, 4, 5], [0, 0, 1, 2, 0, 0, 2, 3], t => F.pad(t, [2, 3, 1, 2], PaddingModes.Replicate)).Batched(),
        Pad("cut off", "constant", [3, 5], [0, -1, 0, -2], t => t.slice(1, 1, 3, 1)).Batched(),
        Graph(
            "Pad axes",
            [X(2, 3, 4)],
            (g, v) => g.Op("Pad", [v[0], g.Integers(1, 2), default, g.Integers(-1)]),
            t => F.pad(t[0], [1, 2])).At(18).Batched(),
        Gather("rows", [5, 4], 0, [4], 3, 0, 3, 1),
        Gather("columns", [3, 5], 1, [4], 4, 0, 0, 2).Batched(),
        Gather("from behind", [5, 4], 0, [2], -1, 1),
        Gather("an embedding", [7, 3], 0, [2, 4], 1, 6, 1, 0, 2, 2, 5, 1),
        Gather("inner axis by a matrix", [2, 5, 3], 1, [2, 2], 0, 4, 4, 1).Batched(),
        Gather("one", [4, 3], 0, [], 2),
        GatherElements("axis 1", [3, 4], 1, [3, 2], 0, 3, 1, 1, 2, 2),
        GatherElements("axis 0", [3, 4], 0, [2, 4], 0, 2, 1, 1, 2, 2, 0, 1),
        Graph(
            "GatherND",
            [X(3, 4, 2)],
            (g, v) => g.Op("GatherND", v[0], Whole(g, [3, 2], 0, 1, 2, 3, 0, 1)),
            t => t[0].reshape(12, 2).index_select(0, tensor(new long[] { 1, 11, 1 }))),
        Node("Tile", [X(2, 3)], t => t[0].repeat(2, 3)) with { Onnx = (g, v) => [g.Op("Tile", v[0], g.Integers(2, 3))] },
        Node("Tile open", [X(2, 3)], t => t[0].repeat(1, 3)).Batched() with { Onnx = (g, v) => [g.Op("Tile", v[0], g.Integers(1, 3))] },
        Graph(
            "Resize twofold",
            [X(2, 3, 4, 3)],
            (g, v) => g.Op("Resize", [v[0], default, g.Tensor([4], [1, 1, 2, 2])], A("mode", "nearest"), A("coordinate_transformation_mode", "asymmetric"), A("nearest_mode", "floor")),
            t => t[0].repeat_interleave(2, 2).repeat_interleave(2, 3)).Batched(),
        Graph(
            "Resize down",
            [X(2, 3, 4, 6)],
            (g, v) => g.Op("Resize", [v[0], default, g.Tensor([4], [1, 1, 0.5f, 0.5f])], A("mode", "nearest"), A("coordinate_transformation_mode", "asymmetric"), A("nearest_mode", "floor")),
            t => t[0].slice(2, 0, 4, 2).slice(3, 0, 6, 2)).Batched(),
        Node("Trilu upper", [X(2, 4, 5)], t => t[0].triu()).Batched(),
        Node("Trilu lower", [X(4, 4)], t => t[0].tril(), A("upper", 0)),
        Graph("Trilu shifted", [X(4, 5)], (g, v) => g.Op("Trilu", v[0], g.Integer(1)), t => t[0].triu(1)),
        Graph(
            "ScatterElements",
            [X(3, 4), X(2, 4)],
            (g, v) => g.Op("ScatterElements", [v[0], Whole(g, [2, 4], 0, 1, 2, 0, 2, 0, 1, 1), v[1]], A("axis", 0)),
            t => t[0].scatter(0, tensor(new long[] { 0, 1, 2, 0, 2, 0, 1, 1 }).reshape(2, 4), t[1])),
        Graph(
            "ScatterElements add",
            [X(3, 4), X(2, 4)],
            (g, v) => g.Op("ScatterElements", [v[0], Whole(g, [2, 4], 0, 1, 2, 0, 0, 1, 1, 1), v[1]], A("axis", 0), A("reduction", "add")),
            t => t[0].scatter_add(0, tensor(new long[] { 0, 1, 2, 0, 0, 1, 1, 1 }).reshape(2, 4), t[1])),
        Graph(
            "ScatterND",
            [X(4, 3), X(2, 3)],
            (g, v) => g.Op("ScatterND", v[0], Whole(g, [2, 1], 3, 1), v[1]),
            t => t[0].scatter(0, tensor(new long[] { 3, 3, 3, 1, 1, 1 }).reshape(2, 3), t[1])),
        Graph(
            "ScatterND add",
            [X(4, 3), X(3, 3)],
            (g, v) => g.Op("ScatterND", [v[0], Whole(g, [3, 1], 3, 1, 3), v[1]], A("reduction", "add")),
            t => t[0].scatter_add(0, tensor(new long[] { 3, 3, 3, 1, 1, 1, 3, 3, 3 }).reshape(3, 3), t[1])),
    ];

    private static OracleCase Split(string note, long[] shape, long axis, long[]? sizes, int parts, Func<Tensor, Tensor[]> torch, int? read = null) => new(
        $"Split {note}",
        [X(shape)],
        (g, v) => g.Op("Split", parts, sizes is null ? [v[0]] : [v[0], g.Integers(sizes)], A("axis", axis))[..(read ?? parts)],
        t => torch(t[0]));

    private static OracleCase Slice(string note, long[] shape, long[] starts, long[] ends, long[] axes, long[] steps, Func<Tensor, Tensor> torch) => Graph(
        $"Slice {note}",
        [X(shape)],
        (g, v) => g.Op("Slice", v[0], g.Integers(starts), g.Integers(ends), g.Integers(axes), g.Integers(steps)),
        t => torch(t[0]));

    private static OracleCase Pad(string note, string mode, long[] shape, long[] pads, Func<Tensor, Tensor> torch, float? value = null) => Graph(
        $"Pad {note}",
        [X(shape)],
        (g, v) => g.Op("Pad", value is { } number ? [v[0], g.Integers(pads), g.Scalar(number)] : [v[0], g.Integers(pads)], A("mode", mode)),
        t => torch(t[0]));

    private static OracleCase Gather(string note, long[] shape, long axis, long[] indexShape, params long[] indices) => Graph(
        $"Gather {note}",
        [X(shape)],
        (g, v) => g.Op("Gather", [v[0], Whole(g, indexShape, indices)], A("axis", axis)),
        t =>
        {
            long[] positive = [.. indices.Select(index => index < 0 ? index + shape[axis] : index)];
            long[] result = [.. t[0].shape[..(int)axis], .. indexShape, .. t[0].shape[((int)axis + 1)..]];
            return t[0].index_select(axis, tensor(positive)).reshape(result);
        });

    private static OracleCase GatherElements(string note, long[] shape, long axis, long[] indexShape, params long[] indices) => Graph(
        $"GatherElements {note}",
        [X(shape)],
        (g, v) => g.Op("GatherElements", [v[0], Whole(g, indexShape, indices)], A("axis", axis)),
        t => t[0].gather(axis, tensor(indices).reshape(indexShape)));

    private static Value Whole(GraphWriter graph, long[] shape, params long[] values) => graph.Integers(values).Reshape(shape);
}
