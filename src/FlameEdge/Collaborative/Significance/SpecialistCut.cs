using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Collaborative.Significance;

/// <summary>What is left of a network when only some units speak for one class: a dense network with one output, on kept channels where the network begins with convolutions.</summary>
/// <param name="Network">[inputs, units…, 1]</param>
/// <param name="Units">Which units of the dense hidden layers were kept.</param>
/// <param name="Front">The kept channels; null without convolutions.</param>
/// <param name="Channels">Which channels were kept of each convolution.</param>
internal sealed record SpecialistCut(DenseNetwork Network, IReadOnlyList<UnitChoice> Units, ConvolutionFront? Front, IReadOnlyList<UnitChoice> Channels)
{
    /// <summary>A copy of a stage at work, to be passed on.</summary>
    public static SpecialistCut Of(Stage known)
    {
        var copy = new DenseNetwork([.. known.Network.Layers.Select(layer => layer.Inputs), 1]);
        copy.Load(known.Network.Parameters);
        return new SpecialistCut(copy, [.. known.Network.Layers.SkipLast(1).Select(All)], known.Front, [.. known.Front?.Layers.Select(All) ?? []]);
    }

    /// <summary>Cuts the units named in <paramref name="kept"/>, one choice per hidden layer, out of <paramref name="model"/>.</summary>
    public static SpecialistCut Of(ISiteModel model, ClassSample sample, IReadOnlyList<UnitChoice> kept, InputAveraging averaging)
    {
        var convolutions = model.Layers.Count(layer => layer.Convolution is not null);
        var front = convolutions == 0 ? null : FrontOf(model, kept);
        UnitChoice[] units = [.. kept.Skip(convolutions)];
        var network = new DenseNetwork([front?.Outputs ?? averaging.Outputs, .. units.Select(choice => choice.Kept.Count), 1]);
        var parameters = new float[network.Parameters.Length];
        for (var i = 0; i < units.Length; i++)
        {
            var (from, to) = (model.Layers[convolutions + i], network.Layers[i]);
            var below = convolutions + i > 0 ? kept[convolutions + i - 1] : null;
            for (var unit = 0; unit < to.Outputs; unit++)
            {
                var row = from.Row(model.Parameters, units[i].Kept[unit]);
                Select(row, below, averaging).CopyTo(parameters.AsSpan(to.Offset + (unit * to.Inputs)));
                parameters[to.BiasOffset + unit] = from.Biases(model.Parameters)[units[i].Kept[unit]];
            }
        }

        WriteOutput(model, sample, units[^1].Kept, network.Layers[^1], parameters);
        network.Load(parameters);
        return new SpecialistCut(network, units, front, [.. kept.Take(convolutions)]);
    }

    private static UnitChoice All(UnitLayer layer) => new(layer.Outputs, [.. Enumerable.Range(0, layer.Outputs)]);

    private static ConvolutionFront FrontOf(ISiteModel model, IReadOnlyList<UnitChoice> kept)
    {
        List<UnitLayer> layers = [];
        List<float> parameters = [];
        foreach (var (from, choice) in model.Layers.TakeWhile(layer => layer.Convolution is not null).Zip(kept))
        {
            var below = layers.Count > 0 ? kept[layers.Count - 1] : null;
            var shape = from.Convolution! with { Channels = below?.Kept.Count ?? from.Convolution!.Channels }; // All taken are convolutions.
            var layer = new UnitLayer(shape.Channels * shape.Window * shape.Window, choice.Kept.Count, parameters.Count, shape);
            parameters.AddRange(choice.Kept.SelectMany(unit => Selected(from.Row(model.Parameters, unit), below)));
            parameters.AddRange(choice.Kept.Select(unit => from.Biases(model.Parameters)[unit]));
            layers.Add(layer);
        }

        return new ConvolutionFront(layers, [.. parameters]);
    }

    private static float[] Select(ReadOnlySpan<float> row, UnitChoice? below, InputAveraging averaging) => below is null ? averaging.Sums(row) : Selected(row, below);

    // What comes from a unit below is one weight, or a block of them: one for each position of a channel.
    private static float[] Selected(ReadOnlySpan<float> row, UnitChoice? below)
    {
        if (below is null)
        {
            return row.ToArray();
        }

        var block = row.Length / below.Width;
        var selected = new float[below.Kept.Count * block];
        for (var i = 0; i < below.Kept.Count; i++)
        {
            row.Slice(below.Kept[i] * block, block).CopyTo(selected.AsSpan(i * block));
        }

        return selected;
    }

    // v = w_c − Σ_{j≠c} q̄_j w_j with q̄ the mean share of j among the others, on rows that are not c (§4.3).
    private static void WriteOutput(ISiteModel model, ClassSample sample, IReadOnlyList<int> kept, UnitLayer to, float[] parameters)
    {
        var (classes, last) = (model.ClassCount, model.Layers[^1]);
        var logits = new float[sample.Negatives.Length / model.FeatureCount * classes];
        model.Forward(sample.Negatives, logits);
        ClassMargin.Gradients(logits, classes, sample.Label);
        var share = new float[classes];
        for (var i = 0; i < logits.Length; i++)
        {
            share[i % classes] += logits[i] * classes / logits.Length;
        }

        for (var j = 0; j < classes; j++)
        {
            var row = last.Row(model.Parameters, j);
            for (var unit = 0; unit < kept.Count; unit++)
            {
                parameters[to.Offset + unit] += share[j] * row[kept[unit]];
            }

            parameters[to.BiasOffset] += share[j] * last.Biases(model.Parameters)[j];
        }
    }
}
