using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Sums, means and extremes over axes.</summary>
internal static class ReductionCases
{
    private static readonly long[]?[] s_axes = [null, [0], [1], [-1], [0, 2], [1, 2], [-1, -3], [0, 1, 2]];

    public static IEnumerable<OracleCase> All =>
    [
        .. Of("ReduceSum", X, (t, axes, keep) => t.sum(axes, keep)),
        .. Of("ReduceMean", X, (t, axes, keep) => t.mean(axes, keep)),
        .. Of("ReduceMax", X, (t, axes, keep) => t.amax(axes, keep)),
        .. Of("ReduceMin", X, (t, axes, keep) => t.amin(axes, keep)),
        .. Of("ReduceL1", Apart, (t, axes, keep) => t.abs().sum(axes, keep)),
        .. Of("ReduceL2", X, (t, axes, keep) => (t * t).sum(axes, keep).sqrt()),
        .. Of("ReduceSumSquare", X, (t, axes, keep) => (t * t).sum(axes, keep)),
        .. Of("ReduceLogSum", Positive, (t, axes, keep) => t.sum(axes, keep).log()),
        .. Of("ReduceLogSumExp", X, (t, axes, keep) => t.exp().sum(axes, keep).log()),
        .. CumSums,
    ];

    private static IEnumerable<OracleCase> CumSums =>
    [
        CumSum("axis 0", 0, exclusive: false, reverse: false),
        CumSum("axis 1", 1, exclusive: false, reverse: false).Batched(),
        CumSum("axis -1 exclusive", -1, exclusive: true, reverse: false).Batched(),
        CumSum("axis 1 reverse", 1, exclusive: false, reverse: true),
        CumSum("axis 2 exclusive reverse", 2, exclusive: true, reverse: true),
    ];

    private static OracleCase CumSum(string note, long axis, bool exclusive, bool reverse) => Graph(
        $"CumSum {note}",
        [X(2, 3, 4)],
        (g, v) => g.Op("CumSum", [v[0], g.Integer(axis)], A("exclusive", exclusive ? 1L : 0), A("reverse", reverse ? 1L : 0)),
        t =>
        {
            var x = reverse ? t[0].flip([axis]) : t[0];
            var sum = x.cumsum(axis);
            sum = exclusive ? sum - x : sum;
            return reverse ? sum.flip([axis]) : sum;
        });

    private static IEnumerable<OracleCase> Of(string name, Func<long[], Operand> operand, Func<Tensor, long[], bool, Tensor> torch)
    {
        foreach (var axes in s_axes)
        {
            foreach (var keep in new[] { true, false })
            {
                var text = $"{name} [{(axes is null ? "all" : string.Join(",", axes))}] {(keep ? "kept" : "dropped")}";
                var oracle = Graph(text, [operand([2, 3, 4])], (g, v) => Reduce(g, name, 17, v[0], axes, keep), t => torch(t[0], axes ?? [0, 1, 2], keep));
                yield return axes is [1] or [-1] or [1, 2] ? oracle.Batched() : oracle;
                if (axes is null or [1] or [0, 2])
                {
                    yield return oracle with { Name = $"{text} opset 18", Opset = 18, Onnx = (g, v) => [Reduce(g, name, 18, v[0], axes, keep)] };
                }
            }
        }
    }

    // Axes moved from an attribute to an input: for sums at 13, for the rest at 18.
    private static Value Reduce(GraphWriter graph, string name, long opset, Value value, long[]? axes, bool keep)
    {
        List<AttributeProto> attributes = [A("keepdims", keep ? 1L : 0)];
        if (axes is null)
        {
            return graph.Op(name, [value], [.. attributes]);
        }

        if (opset >= 18 || name == "ReduceSum")
        {
            return graph.Op(name, [value, graph.Integers(axes)], [.. attributes]);
        }

        attributes.Add(A("axes", axes));
        return graph.Op(name, [value], [.. attributes]);
    }
}
