using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Pooling over any number of spatial axes.</summary>
internal static class PoolingRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("MaxPool", MaxPool),
        new("AveragePool", AveragePool),
        new("GlobalAveragePool", GlobalAveragePool),
        new("GlobalMaxPool", GlobalMaxPool),
    ];

    // The gradient goes to where the maximum came from; the runtime counts that place over the whole input tensor.
    private static void MaxPool(NodeGradient node)
    {
        var (x, dY) = (node.Input(0), node.Gradient);
        var windows = WindowsOf(node);
        var places = PlacesOf(node);
        var isWhole = windows.ArePlain && windows.Remainder(node.SizesOf(x, 2), node.SizesOf(node.Output(), 2)).All(left => left >= 0);
        if (windows.AreDisjoint && isWhole)
        {
            node.Give(0, node.Graph.Op(
                "MaxUnpool",
                [dY, places, node.ShapeOf(x)],
                Attributes.Of("kernel_shape", windows.Kernel),
                Attributes.Of("strides", windows.Strides)));
            return;
        }

        // In overlapping windows one value may be several maxima: the shares must add up. Windows that reach beyond the input the runtime cannot undo.
        IndexingRules.GiveScattered(node, places);
    }

    private static Value PlacesOf(NodeGradient node)
    {
        if (node.Node.Int("storage_order", 0) != 0)
        {
            throw node.Refusal("column-major indices are not supported");
        }

        if (node.Node.Output.Count == 1)
        {
            node.Node.Output.Add(node.Graph.Fresh($"{node.Node.Output[0]}.places"));
        }

        return node.Output(1);
    }

    private static void AveragePool(NodeGradient node)
    {
        var (x, dY) = (node.Input(0), node.Gradient);
        var (input, output) = (node.SizesOf(x, 1), node.SizesOf(node.Output(), 1));
        var windows = WindowsOf(node);
        var remainder = windows.Remainder(input, output);
        var taps = windows.Kernel.Aggregate((product, size) => product * size);
        if (windows.ArePlain && remainder.All(left => left == 0) && windows.Kernel.AsSpan().SequenceEqual(windows.Strides) && windows.AreDisjoint)
        {
            node.Give(0, Repeat((1f / taps) * dY, windows.Kernel));
            return;
        }

        if (remainder.Any(left => left < 0))
        {
            // ceil_mode: the last window hangs over the end, so the padding is what it takes to hold it.
            windows = windows with { End = [.. windows.End.Select((pad, axis) => pad - Math.Min(0, remainder[axis]))] };
            remainder = [.. remainder.Select(left => Math.Max(0, left))];
        }

        // Every channel is an image of its own, met by a window of ones.
        var shares = dY * node.Graph.Tensor([1, 1, .. output.Skip(2).Select(size => (long)size)], Shares(node, input, output));
        long[] spatial = [.. output.Skip(2).Select(size => (long)size)];
        var ones = node.Graph.Tensor([1, 1, .. windows.Kernel], [.. Enumerable.Repeat(1f, (int)taps)]);
        node.GiveReshaped(0, ConvolutionRules.InputGradient(shares.Reshape([-1, 1, .. spatial]), ones, windows, 1, remainder));
    }

    // 1 / (values that count in a window), per window; padding counts only if the node says so, what hangs over the padding never.
    private static float[] Shares(NodeGradient node, IReadOnlyList<int> input, IReadOnlyList<int> output)
    {
        var windows = WindowsOf(node);
        var padded = node.Node.Int("count_include_pad", 0) != 0;
        var counts = new[] { 1L };
        for (var axis = 0; axis < windows.Rank; axis++)
        {
            var own = Enumerable.Range(0, output[axis + 2]).Select(window => Counted(windows, axis, window, input[axis + 2], padded));
            counts = [.. counts.SelectMany(_ => own, (outer, inner) => outer * inner)];
        }

        return [.. counts.Select(count => 1f / count)];
    }

    private static long Counted(Windows windows, int axis, int window, int size, bool padded)
    {
        var start = (window * windows.Strides[axis]) - windows.Begin[axis];
        var (low, high) = padded ? (-windows.Begin[axis], size + windows.End[axis]) : (0, size);
        return Enumerable.Range(0, (int)windows.Kernel[axis])
            .Select(tap => start + (tap * windows.Dilations[axis]))
            .Count(place => place >= low && place < high);
    }

    // Nearest-neighbour enlargement by whole factors.
    private static Value Repeat(Value value, long[] factors)
    {
        float[] scales = [1, 1, .. factors.Select(factor => (float)factor)];
        return value.Graph.Op(
            "Resize",
            [value, default, value.Graph.Tensor([scales.Length], scales)],
            Attributes.Of("mode", "nearest"),
            Attributes.Of("coordinate_transformation_mode", "asymmetric"),
            Attributes.Of("nearest_mode", "floor"));
    }

    private static void GlobalAveragePool(NodeGradient node)
    {
        var x = node.Input(0);
        var count = node.SizesOf(x, 2).Skip(2).Aggregate(1L, (product, size) => product * size);
        node.Give(0, ((1f / count) * node.Gradient).Expand(node.ShapeOf(x)));
    }

    // Of equal maxima the first one has the gradient, as in torch.
    private static void GlobalMaxPool(NodeGradient node)
    {
        var rows = node.Input(0).Reshape(0, 0, -1);
        var places = node.Graph.Op("ArgMax", [rows], Attributes.Of("axis", 2), Attributes.Of("keepdims", 1));
        var scattered = node.Graph.Op(
            "ScatterElements",
            [node.Graph.Zeros(rows.Shape()), places, node.Gradient.Reshape(0, 0, -1)],
            Attributes.Of("axis", 2));
        node.GiveReshaped(0, scattered);
    }

    private static Windows WindowsOf(NodeGradient node)
    {
        var kernel = node.Node.Ints("kernel_shape") ?? throw node.Refusal("there is no kernel_shape");
        return Windows.Of(node.Node, kernel, node.SizesOf(node.Input(0), 2), node.SizesOf(node.Output(), 2));
    }
}
