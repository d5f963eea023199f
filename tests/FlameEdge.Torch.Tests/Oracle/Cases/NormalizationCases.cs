using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Google.Protobuf;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Normalizations, and what is dropped out.</summary>
internal static class NormalizationCases
{
    public static IEnumerable<OracleCase> All =>
    [
        Batch("of rows", [6, 3]),
        Batch("of sequences", [4, 3, 5]),
        Batch("of images", [3, 4, 5, 2]),
        BatchTrained("of rows", [6, 3]),
        BatchTrained("of sequences", [4, 3, 5]),
        BatchTrained("of images", [3, 4, 5, 2]),
        Layer("last axis", [3, 4, 5], -1),
        Layer("two axes", [3, 4, 5], 1),
        Layer("rows", [3, 7], -1),
        Node("LayerNormalization without bias", [X(3, 7), X(7)], t => F.layer_norm(t[0], [7], t[1])).Batched(),
        Instance([2, 3, 4, 5]),
        Instance([2, 3, 6]),
        Group([2, 6, 4, 3], 3),
        Group([2, 6, 5], 2),
        Group([2, 4, 3, 3], 1),
        Group([2, 4, 3, 3], 4),
        Graph(
            "GroupNormalization per group",
            [X(2, 6, 4), X(3), X(3)],
            (g, v) => g.Op("GroupNormalization", v, A("num_groups", 3)),
            t => F.group_norm(t[0], 3, t[1].repeat_interleave(2), t[2].repeat_interleave(2))).At(18).Batched(),
        Node("Dropout at rest", [X(3, 4)], t => t[0].clone()).Batched(),
        Graph(
            "Dropout at work",
            [X(3, 4)],
            (g, v) => g.Op("Dropout", v[0], g.Scalar(0.25f), Truth(g)),
            t => t[0] * OracleRun.Leaf([3, 4], OracleRun.Mask(12), false)).Batched(),
    ];

    private static OracleCase Batch(string note, long[] shape)
    {
        Operand Channel() => X(shape[1]);
        var mean = Channel() with { IsTrained = false };
        var variance = Positive(shape[1]) with { IsTrained = false };
        return Node($"BatchNormalization {note}", [X(shape), Channel(), Channel(), mean, variance], t => F.batch_norm(t[0], t[3], t[4], t[1], t[2], false, 0.1, 1e-3), A("epsilon", 1e-3f)).Batched();
    }

    // Torch moves the running statistics it is given: copies, so that it may.
    private static OracleCase BatchTrained(string note, long[] shape)
    {
        var mean = X(shape[1]) with { IsTrained = false };
        var variance = Positive(shape[1]) with { IsTrained = false };
        return new OracleCase(
            $"BatchNormalization trained {note}",
            [X(shape), X(shape[1]), X(shape[1]), mean, variance],
            (g, v) => [g.Op("BatchNormalization", 3, v, A("training_mode", 1), A("epsilon", 1e-3f))[0]],
            t => [F.batch_norm(t[0], t[3].clone(), t[4].clone(), t[1], t[2], true, 0.1, 1e-3)]).Batched();
    }

    private static OracleCase Layer(string note, long[] shape, long axis)
    {
        var own = axis < 0 ? shape[^1..] : shape[(int)axis..];
        return Node($"LayerNormalization {note}", [X(shape), X(own), X(own)], t => F.layer_norm(t[0], own, t[1], t[2], 1e-4), A("axis", axis), A("epsilon", 1e-4f)).Batched();
    }

    private static OracleCase Instance(long[] shape) => Node(
        $"InstanceNormalization [{string.Join(",", shape)}]",
        [X(shape), X(shape[1]), X(shape[1])],
        t => F.instance_norm(t[0], weight: t[1], bias: t[2])).Batched();

    private static OracleCase Group(long[] shape, long groups) => Node(
        $"GroupNormalization [{string.Join(",", shape)}] in {groups}",
        [X(shape), X(shape[1]), X(shape[1])],
        t => F.group_norm(t[0], groups, t[1], t[2]),
        A("num_groups", groups)).At(21).Batched();

    private static Value Truth(GraphWriter graph)
    {
        var truth = new TensorProto { DataType = (int)TensorProto.Types.DataType.Bool, RawData = ByteString.CopyFrom(1) };
        return graph.Op("Constant", [], Attributes.Of("value", truth));
    }
}
