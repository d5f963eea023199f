using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Gradients.Rules;

/// <summary>Normalizations: y = scale * (x - mean) / sqrt(variance + epsilon) + bias.</summary>
internal static class NormalizationRules
{
    public static IReadOnlyList<GradientRule> All { get; } =
    [
        new("LayerNormalization", LayerNormalization, 1, 2),
        new("InstanceNormalization", InstanceNormalization, 1, 2),
        new("BatchNormalization", BatchNormalization, 1, 2),
    ];

    // Over the last axes of every row; scale and bias have the shape of those axes.
    private static void LayerNormalization(NodeGradient node)
    {
        var rank = RankOf(node, 1);
        var stated = node.Node.Int("axis", -1);
        var first = stated < 0 ? stated + rank : stated;
        if (first < 0 || first >= rank)
        {
            throw node.Refusal($"there is no axis {stated}");
        }

        var (normalized, deviation, axes) = Normalize(node, Axes(first, rank));
        node.Give(0, ThroughStatistics(node.Gradient * node.Input(1), normalized, deviation, axes));
        GiveScaleAndBias(node, normalized, node.GiveBroadcast);
    }

    // Over the spatial axes of every channel of every sample; scale and bias are [channels].
    private static void InstanceNormalization(NodeGradient node)
    {
        var rank = RankOf(node, 2);
        var (normalized, deviation, axes) = Normalize(node, Axes(2, rank));
        node.Give(0, ThroughStatistics(node.Gradient * PerChannel(node.Input(1), rank), normalized, deviation, axes));
        GiveScaleAndBias(node, normalized, (index, gradient) => node.Give(index, gradient.Sum([0, .. axes], keep: false)));
    }

    private static void BatchNormalization(NodeGradient node)
    {
        var rank = RankOf(node, 2);
        if (node.Node.Int("training_mode", 0) != 0)
        {
            OfBatch(node, rank);
        }
        else
        {
            OfStored(node, rank);
        }
    }

    // Over the batch and the spatial axes of every channel, with the population variance, as in the forward pass.
    private static void OfBatch(NodeGradient node, int rank)
    {
        var (normalized, deviation, axes) = Normalize(node, [0, .. Axes(2, rank)]);
        node.Give(0, ThroughStatistics(node.Gradient * PerChannel(node.Input(1), rank), normalized, deviation, axes));
        GiveScaleAndBias(node, normalized, (index, gradient) => node.Give(index, gradient.Sum(axes, keep: false)));
    }

    // With stored statistics it is a scale and a shift per channel.
    private static void OfStored(NodeGradient node, int rank)
    {
        var deviation = PerChannel(node.Graph.Op("Sqrt", node.Input(4) + node.Node.Float("epsilon", 1e-5f)), rank);
        var normalized = (node.Input(0) - PerChannel(node.Input(3), rank)) / deviation;
        node.Give(0, node.Gradient * (PerChannel(node.Input(1), rank) / deviation));
        GiveScaleAndBias(node, normalized, (index, gradient) => node.Give(index, gradient.Sum([0, .. Axes(2, rank)], keep: false)));
    }

    private static (Value Normalized, Value Deviation, long[] Axes) Normalize(NodeGradient node, long[] axes)
    {
        var x = node.Input(0);
        var centred = x - Mean(x, axes);
        var deviation = node.Graph.Op("Sqrt", Mean(centred * centred, axes) + node.Node.Float("epsilon", 1e-5f));
        return (centred / deviation, deviation, axes);
    }

    // dX = (g - mean(g) - n mean(g n)) / deviation: mean and variance move with x.
    private static Value ThroughStatistics(Value gradient, Value normalized, Value deviation, long[] axes) =>
        (gradient - Mean(gradient, axes) - (normalized * Mean(gradient * normalized, axes))) / deviation;

    private static void GiveScaleAndBias(NodeGradient node, Value normalized, Action<int, Value> give)
    {
        if (node.Wants(1))
        {
            give(1, node.Gradient * normalized);
        }

        if (node.Wants(2))
        {
            give(2, node.Gradient);
        }
    }

    private static Value Mean(Value value, long[] axes)
    {
        var sum = value.Sum(axes, keep: true);
        return sum / (value.Graph.Op("Size", value) / value.Graph.Op("Size", sum)).ToFloat();
    }

    private static Value PerChannel(Value value, int rank) => value.Reshape([1, -1, .. Enumerable.Repeat(1L, rank - 2)]);

    private static long[] Axes(long first, int rank) => [.. Enumerable.Range((int)first, rank - (int)first).Select(axis => (long)axis)];

    private static int RankOf(NodeGradient node, int least)
    {
        var rank = node.TypeOf(node.Input(0))?.Dimensions.Count ?? throw node.Refusal("its rank must be known before it runs");
        return rank >= least ? rank : throw node.Refusal($"needs {least} axes, not {rank}");
    }
}
