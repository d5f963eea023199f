using System.Globalization;
using FlameEdge.Models;
using static FlameEdge.Torch.Tests.Oracle.Cases.AllCases;
using static FlameEdge.Torch.Tests.Oracle.Operand;
using static FlameEdge.Torch.Tests.Oracle.OracleCase;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FlameEdge.Torch.Tests.Oracle.Cases;

/// <summary>Convolutions and their transposes: named shapes, and many drawn ones.</summary>
internal static class ConvolutionCases
{
    private const int DrawnCount = 32;

    public static IEnumerable<OracleCase> All =>
    [
        Conv("plain", new Shape([5, 6], [3, 3])),
        Conv("pointwise", new Shape([5, 6], [1, 1])),
        Conv("depthwise", new Shape([6, 6], [3, 3]) { Inputs = 4, Outputs = 4, Groups = 4, Begin = [1, 1], End = [1, 1] }),
        Conv("depthwise twofold stride 2", new Shape([7, 6], [3, 3]) { Inputs = 3, Outputs = 6, Groups = 3, Strides = [2, 2], Begin = [1, 1], End = [1, 1] }),
        Conv("without bias", new Shape([5, 6], [2, 3])) is var plain ? plain with { Operands = plain.Operands[..2] } : plain,
        Conv("1-D", new Shape([9], [3])),
        Conv("1-D dilated uneven padding", new Shape([11], [3]) { Dilations = [2], Begin = [3], End = [1], Strides = [2] }),
        Transposed("plain", new Shape([4, 5], [3, 3])),
        Transposed("stride 2 output padding", new Shape([4, 5], [3, 2]) { Strides = [2, 2], Begin = [1, 0], End = [0, 1], OutputPadding = [1, 1] }),
        Transposed("groups", new Shape([4, 4], [2, 2]) { Inputs = 4, Outputs = 6, Groups = 2, Strides = [2, 1] }),
        Transposed("1-D", new Shape([6], [3]) { Strides = [2] }),
        AutoPad("SAME_UPPER", [0, 0], [1, 1]),
        AutoPad("SAME_LOWER", [1, 1], [0, 0]),
        AutoPad("VALID", [0, 0], [0, 0]),
        .. Drawn(2, transposed: false),
        .. Drawn(1, transposed: false),
        .. Drawn(2, transposed: true),
        .. Drawn(1, transposed: true),
    ];

    private static OracleCase Conv(string note, Shape shape) => Node(
        $"Conv {note}",
        [X([2, shape.Inputs, .. shape.Spatial]), X([shape.Outputs, shape.Inputs / shape.Groups, .. shape.Kernel]), X(shape.Outputs)],
        t => Convolve(t, shape),
        A("strides", shape.Strides),
        A("dilations", shape.Dilations),
        A("pads", [.. shape.Begin, .. shape.End]),
        A("group", shape.Groups)).Batched();

    private static OracleCase Transposed(string note, Shape shape) => Node(
        $"ConvTranspose {note}",
        [X([2, shape.Inputs, .. shape.Spatial]), X([shape.Inputs, shape.Outputs / shape.Groups, .. shape.Kernel]), X(shape.Outputs)],
        t => ConvolveTransposed(t, shape),
        A("strides", shape.Strides),
        A("dilations", shape.Dilations),
        A("pads", [.. shape.Begin, .. shape.End]),
        A("output_padding", shape.OutputPadding),
        A("group", shape.Groups)).Batched();

    // 6 values, windows of 2 with stride 1: one value is missing to keep the size.
    private static OracleCase AutoPad(string kind, long[] begin, long[] end) => Node(
        $"Conv {kind}",
        [X(2, 3, 6, 6), X(4, 3, 2, 2)],
        t => Convolve(t, new Shape([6, 6], [2, 2]) { Begin = begin, End = end }),
        A("auto_pad", kind)).Batched();

    private static Tensor Convolve(Tensor[] t, Shape shape)
    {
        var bias = t.Length > 2 ? t[2] : null;
        if (shape.Rank == 1)
        {
            return F.conv1d(F.pad(t[0], [shape.Begin[0], shape.End[0]]), t[1], bias, shape.Strides[0], 0, shape.Dilations[0], shape.Groups);
        }

        var padded = F.pad(t[0], [shape.Begin[1], shape.End[1], shape.Begin[0], shape.End[0]]);
        return F.conv2d(padded, t[1], bias, shape.Strides, [0, 0], shape.Dilations, shape.Groups);
    }

    // Torch pads both ends alike: the whole result is computed, and the padding cut off.
    private static Tensor ConvolveTransposed(Tensor[] t, Shape shape)
    {
        var whole = shape.Rank == 1
            ? F.conv_transpose1d(t[0], t[1], t[2], shape.Strides[0], 0, shape.OutputPadding[0], shape.Dilations[0], shape.Groups)
            : F.conv_transpose2d(t[0], t[1], t[2], shape.Strides, [0, 0], shape.OutputPadding, shape.Dilations, shape.Groups);
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            whole = whole.slice(axis + 2, shape.Begin[axis], whole.shape[axis + 2] - shape.End[axis], 1);
        }

        return whole;
    }

    private static IEnumerable<OracleCase> Drawn(int rank, bool transposed)
    {
        var generator = new PortableRandom((ulong)rank, transposed ? 1UL : 0);
        for (var number = 0; number < DrawnCount; number++)
        {
            long[] Each(Func<int, int> draw) => [.. Enumerable.Range(0, rank).Select(axis => (long)draw(axis))];
            var groups = 1 + generator.Below(3);
            var kernel = Each(_ => 1 + generator.Below(4));
            var dilations = Each(_ => 1 + generator.Below(3));
            var strides = Each(_ => 1 + generator.Below(3));
            long Span(int axis) => (dilations[axis] * (kernel[axis] - 1)) + 1;
            var shape = new Shape(Each(axis => (int)Span(axis) + generator.Below(5)), kernel)
            {
                Inputs = groups * (1 + generator.Below(2)),
                Outputs = groups * (1 + generator.Below(3)),
                Groups = groups,
                Strides = strides,
                Dilations = dilations,
                Begin = Each(axis => generator.Below((int)Span(axis))),
                End = Each(axis => generator.Below((int)Span(axis))),
                OutputPadding = Each(axis => generator.Below((int)strides[axis])), // the runtime takes no more
            };
            var note = string.Create(CultureInfo.InvariantCulture, $"drawn {rank}-D {number}: {shape}");
            yield return transposed ? Transposed(note, shape with { Begin = Each(axis => generator.Below(2)), End = Each(axis => generator.Below(2)), Spatial = Each(_ => 3 + generator.Below(3)) }) : Conv(note, shape);
        }
    }

    private sealed record Shape(long[] Spatial, long[] Kernel)
    {
        public int Rank => Kernel.Length;

        public long Inputs { get; init; } = 3;

        public long Outputs { get; init; } = 4;

        public long Groups { get; init; } = 1;

        public long[] Strides { get; init; } = [.. Kernel.Select(_ => 1L)];

        public long[] Dilations { get; init; } = [.. Kernel.Select(_ => 1L)];

        public long[] Begin { get; init; } = new long[Kernel.Length];

        public long[] End { get; init; } = new long[Kernel.Length];

        public long[] OutputPadding { get; init; } = new long[Kernel.Length];

        public override string ToString() =>
            $"{Inputs}->{Outputs} in {Groups}, [{Text(Spatial)}] by [{Text(Kernel)}], strides {Text(Strides)}, dilations {Text(Dilations)}, pads {Text(Begin)} {Text(End)}";

        private static string Text(long[] values) => string.Join(",", values);
    }
}
