using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>How the windows of a convolution or pooling lie over the spatial axes, with every default and automatic padding made explicit.</summary>
/// <param name="Kernel">Taps per spatial axis.</param>
/// <param name="Strides">Steps between windows.</param>
/// <param name="Dilations">Steps between taps.</param>
/// <param name="Begin">Padding before the first value.</param>
/// <param name="End">Padding after the last value.</param>
internal sealed record Windows(long[] Kernel, long[] Strides, long[] Dilations, long[] Begin, long[] End)
{
    /// <summary>Number of spatial axes.</summary>
    public int Rank => Kernel.Length;

    /// <summary>True where no value lies in two windows.</summary>
    public bool AreDisjoint => Axes.All(axis => Strides[axis] >= Kernel[axis] && Dilations[axis] == 1);

    /// <summary>True where no window touches padding.</summary>
    public bool ArePlain => Axes.All(axis => Begin[axis] == 0 && End[axis] == 0);

    private IEnumerable<int> Axes => Enumerable.Range(0, Rank);

    /// <summary>Reads the attributes of <paramref name="node"/>.</summary>
    /// <param name="node">A convolution or pooling.</param>
    /// <param name="kernel">Taps per spatial axis.</param>
    /// <param name="input">Sizes of the input, [batch, channels, spatial…].</param>
    /// <param name="output">Sizes of the output.</param>
    public static Windows Of(NodeProto node, long[] kernel, IReadOnlyList<int> input, IReadOnlyList<int> output)
    {
        var rank = kernel.Length;
        var strides = node.Ints("strides") ?? Ones(rank);
        var dilations = node.Ints("dilations") ?? Ones(rank);
        var pads = node.Ints("pads") ?? new long[2 * rank];
        var windows = new Windows(kernel, strides, dilations, pads[..rank], pads[rank..]);
        return node.Text("auto_pad", "NOTSET") switch
        {
            "SAME_UPPER" => windows.Same(input, output, upper: true),
            "SAME_LOWER" => windows.Same(input, output, upper: false),
            _ => windows,
        };
    }

    /// <summary>Reads the attributes of a transposed convolution that states the size of its output: the padding is what it takes to get there.</summary>
    public static Windows ToReach(NodeProto node, long[] kernel, IReadOnlyList<int> input, IReadOnlyList<int> output)
    {
        var rank = kernel.Length;
        var extra = node.Ints("output_padding") ?? new long[rank];
        var windows = new Windows(kernel, node.Ints("strides") ?? Ones(rank), node.Ints("dilations") ?? Ones(rank), new long[rank], new long[rank]);
        long[] total =
        [
            .. windows.Axes.Select(axis => Math.Max(0, (windows.Strides[axis] * (input[axis + 2] - 1)) + extra[axis] + windows.Span(axis) - output[axis + 2])),
        ];
        return windows.Halved(total, upper: node.Text("auto_pad", "NOTSET") == "SAME_UPPER");
    }

    /// <summary>Values that one window spans along <paramref name="axis"/>.</summary>
    public long Span(int axis) => (Dilations[axis] * (Kernel[axis] - 1)) + 1;

    /// <summary>Values of the padded input that the last window leaves over, per axis; negative where the last window hangs over its end.</summary>
    public long[] Remainder(IReadOnlyList<int> input, IReadOnlyList<int> output) =>
    [
        .. Axes.Select(axis => input[axis + 2] + Begin[axis] + End[axis] - ((output[axis + 2] - 1) * Strides[axis]) - Span(axis)),
    ];

    /// <summary>The attributes for a node with the same windows.</summary>
    public AttributeProto[] ToAttributes() =>
    [
        Attributes.Of("strides", Strides),
        Attributes.Of("dilations", Dilations),
        Attributes.Of("pads", [.. Begin, .. End]),
    ];

    private static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];

    private Windows Same(IReadOnlyList<int> input, IReadOnlyList<int> output, bool upper)
    {
        long[] total = [.. Axes.Select(axis => Math.Max(0, ((output[axis + 2] - 1) * Strides[axis]) + Span(axis) - input[axis + 2]))];
        return Halved(total, upper);
    }

    private Windows Halved(long[] total, bool upper)
    {
        long[] half = [.. total.Select(pad => pad / 2)];
        long[] rest = [.. total.Select(pad => pad - (pad / 2))];
        return upper ? this with { Begin = half, End = rest } : this with { Begin = rest, End = half };
    }
}
