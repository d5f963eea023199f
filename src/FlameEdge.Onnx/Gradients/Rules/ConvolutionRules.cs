using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Convolutions over any number of spatial axes, with groups, strides, dilations and padding.</summary>
/// <remarks>
/// The gradient of the input is the transposed convolution; the gradient of the weights is a convolution of the input with the
/// output's gradient in which batch and channels change places and strides become dilations.
/// </remarks>
internal static class ConvolutionRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("Conv", Conv, 1, 2),
        new("ConvTranspose", ConvTranspose, 1, 2),
    ];

    private static void Conv(NodeGradient node)
    {
        var (x, w, dY) = (node.Input(0), node.Input(1), node.Gradient);
        var (input, output, weight) = (node.SizesOf(x, 1), node.SizesOf(node.Output(), 1), node.SizesOf(w));
        var group = node.Node.Int("group", 1);
        var windows = Windows.Of(node.Node, Kernel(weight), input, output);
        if (node.Wants(0))
        {
            node.Give(0, InputGradient(dY, w, windows, group, windows.Remainder(input, output)));
        }

        if (node.Wants(1))
        {
            node.Give(1, WeightGradient(x, dY, windows, group, input, output));
        }

        GiveBias(node, windows);
    }

    // The transposed convolution is the convolution's input gradient, so its own gradients are a convolution's the other way round.
    private static void ConvTranspose(NodeGradient node)
    {
        var (x, w, dY) = (node.Input(0), node.Input(1), node.Gradient);
        var (input, output, weight) = (node.SizesOf(x, 1), node.SizesOf(node.Output(), 1), node.SizesOf(w));
        var group = node.Node.Int("group", 1);
        var windows = node.Node.Find("output_shape") is null
            ? Windows.Of(node.Node, Kernel(weight), output, input)
            : Windows.ToReach(node.Node, Kernel(weight), input, output);
        if (node.Wants(0))
        {
            node.Give(0, node.Graph.Op("Conv", [dY, w], [.. windows.ToAttributes(), Attributes.Of("group", group)]));
        }

        if (node.Wants(1))
        {
            node.Give(1, WeightGradient(dY, x, windows, group, output, input));
        }

        GiveBias(node, windows);
    }

    /// <summary>The gradient of a convolution's input: values that no window reached, the remainder, come out as zeros.</summary>
    public static Value InputGradient(Value dY, Value w, Windows windows, long group, long[] remainder) => dY.Graph.Op(
        "ConvTranspose",
        [dY, w],
        [.. windows.ToAttributes(), Attributes.Of("output_padding", remainder), Attributes.Of("group", group)]);

    private static Value WeightGradient(Value x, Value dY, Windows windows, long group, IReadOnlyList<int> input, IReadOnlyList<int> output)
    {
        long[] swap = [1, 0, .. Spatial(windows)];
        var swapped = windows with { Strides = windows.Dilations, Dilations = windows.Strides };
        var images = group == 1 ? x.Transpose(swap) : GroupsAsChannels(x, group, windows, input);
        var product = x.Graph.Op("Conv", [images, dY.Transpose(swap)], [.. swapped.ToAttributes(), Attributes.Of("group", group)]);
        return Trim(product, windows, windows.Remainder(input, output)).Transpose(swap);
    }

    // [N, G*C, …] -> [C, G*N, …]: one convolution with G groups then keeps the groups apart.
    private static Value GroupsAsChannels(Value x, long group, Windows windows, IReadOnlyList<int> input)
    {
        long[] spatial = [.. input.Skip(2).Select(size => (long)size)];
        var channels = input[1] / group;
        return x.Reshape([0, group, channels, .. spatial])
            .Transpose([2, 1, 0, .. Spatial(windows).Select(axis => axis + 1)])
            .Reshape([channels, -1, .. spatial]);
    }

    // Windows that do not divide the input leave room for taps that the kernel does not have.
    private static Value Trim(Value product, Windows windows, long[] remainder)
    {
        if (windows.Rank == 0 || Enumerable.Range(0, windows.Rank).All(axis => remainder[axis] < windows.Dilations[axis]))
        {
            return product;
        }

        var graph = product.Graph;
        return graph.Op("Slice", product, graph.Integers(new long[windows.Rank]), graph.Integers(windows.Kernel), graph.Integers([.. Spatial(windows)]));
    }

    private static void GiveBias(NodeGradient node, Windows windows)
    {
        if (node.Wants(2))
        {
            node.Give(2, node.Gradient.Sum([0, .. Spatial(windows)], keep: false));
        }
    }

    private static long[] Kernel(IReadOnlyList<int> weight) => [.. weight.Skip(2).Select(size => (long)size)];

    private static IEnumerable<long> Spatial(Windows windows) => Enumerable.Range(2, windows.Rank).Select(axis => (long)axis);
}
