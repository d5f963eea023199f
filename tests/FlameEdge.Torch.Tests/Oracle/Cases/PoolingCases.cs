using FlameEdge.Onnx.Format;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Pooling: disjoint and overlapping windows, padding, windows that hang over the end.</summary>
internal static class PoolingCases
{
    public static IEnumerable<OracleCase> All =>
    [
        Max("disjoint", [6, 8], [2, 2], [2, 2]),
        Max("disjoint with a rest", [7, 9], [2, 2], [2, 2]),
        Max("apart", [7, 9], [2, 2], [3, 3]),
        Max("overlapping", [7, 8], [3, 3], [2, 2]),
        Max("stride 1", [5, 6], [2, 3], [1, 1]),
        Max("padded", [6, 7], [3, 3], [2, 2], [1, 1]),
        Max("disjoint padded", [6, 6], [2, 2], [2, 2], [1, 1]),
        Max("disjoint ceil", [7, 9], [2, 2], [2, 2], ceil: true),
        Max("dilated", [8, 9], [2, 3], [1, 2], dilations: [3, 2]),
        Max("dilated padded", [8, 9], [3, 3], [2, 2], [1, 1], [2, 2]),
        Max("ceil", [7, 8], [3, 2], [2, 3], ceil: true),
        Max("ceil padded", [7, 7], [3, 3], [2, 2], [1, 1], ceil: true),
        Node("MaxPool 1-D", [X(2, 3, 9)], t => F.max_pool1d(t[0], 3, 2), A("kernel_shape", [3]), A("strides", [2])).Batched(),
        Node("MaxPool 1-D disjoint", [X(2, 3, 9)], t => F.max_pool1d(t[0], 3, 3), A("kernel_shape", [3]), A("strides", [3])).Batched(),
        Node(
            "MaxPool uneven padding",
            [X(2, 2, 5, 5)],
            t => F.max_pool2d(F.pad(t[0], [1, 0, 0, 1], value: -1e9), [2, 2], [2, 2]),
            A("kernel_shape", [2, 2]),
            A("strides", [2, 2]),
            A("pads", [0, 1, 1, 0])).Batched(),
        Average("disjoint", [6, 8], [2, 2], [2, 2]),
        Average("disjoint with a rest", [7, 9], [2, 2], [2, 2]),
        Average("overlapping", [7, 8], [3, 3], [2, 2]),
        Average("stride 1", [5, 6], [2, 3], [1, 1]),
        Average("apart", [7, 9], [2, 2], [3, 3]),
        Average("padded", [6, 7], [3, 3], [2, 2], [1, 1]),
        Average("padded counted", [6, 7], [3, 3], [2, 2], [1, 1], counted: true),
        Average("ceil", [7, 8], [3, 2], [2, 3], ceil: true),
        Average("ceil padded", [7, 8], [3, 3], [2, 2], [1, 1], ceil: true),
        Average("ceil padded counted", [8, 8], [3, 3], [2, 2], [1, 1], ceil: true, counted: true).At(19),
        Node("AveragePool 1-D", [X(2, 3, 9)], t => F.avg_pool1d(t[0], 3, 2), A("kernel_shape", [3]), A("strides", [2])).Batched(),
        Node("AveragePool 1-D counted", [X(2, 3, 9)], t => F.avg_pool1d(t[0], 3, 2, 1), A("kernel_shape", [3]), A("strides", [2]), A("pads", [1, 1]), A("count_include_pad", 1)).Batched(),
        Node(
            "AveragePool uneven padding",
            [X(2, 2, 5, 5)],
            t => F.avg_pool2d(F.pad(t[0], [1, 0, 0, 1]), [2, 2], [2, 2]) / F.avg_pool2d(F.pad(ones_like(t[0]), [1, 0, 0, 1]), [2, 2], [2, 2]),
            A("kernel_shape", [2, 2]),
            A("strides", [2, 2]),
            A("pads", [0, 1, 1, 0])).Batched(),
        Node("GlobalAveragePool", [X(2, 3, 4, 5)], t => t[0].mean([2, 3], true)).Batched(),
        Node("GlobalAveragePool 1-D", [X(2, 3, 4)], t => t[0].mean([2], true)).Batched(),
        Node("GlobalMaxPool", [X(2, 3, 4, 5)], t => t[0].amax([2, 3], true)).Batched(),
        Node("GlobalMaxPool 1-D", [X(2, 3, 4)], t => t[0].amax([2], true)).Batched(),
    ];

    private static OracleCase Max(string note, long[] size, long[] kernel, long[] strides, long[]? pads = null, long[]? dilations = null, bool ceil = false) => Node(
        $"MaxPool {note}",
        [X([2, 3, .. size])],
        t => F.max_pool2d(t[0], kernel, strides, pads ?? [0, 0], dilations ?? [1, 1], ceil),
        [.. Windows(kernel, strides, pads, ceil), A("dilations", dilations ?? [1, 1])]).Batched();

    private static OracleCase Average(string note, long[] size, long[] kernel, long[] strides, long[]? pads = null, bool ceil = false, bool counted = false) => Node(
        $"AveragePool {note}",
        [X([2, 3, .. size])],
        t => F.avg_pool2d(t[0], kernel, strides, pads ?? [0, 0], ceil, counted),
        [.. Windows(kernel, strides, pads, ceil), A("count_include_pad", counted ? 1L : 0)]).Batched();

    private static AttributeProto[] Windows(long[] kernel, long[] strides, long[]? pads, bool ceil) =>
    [
        A("kernel_shape", kernel),
        A("strides", strides),
        A("pads", [.. pads ?? [0, 0], .. pads ?? [0, 0]]),
        A("ceil_mode", ceil ? 1L : 0),
    ];
}
