using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>What one packet says of one class: a specialist in int8, what its helper claims of it, and perhaps aligned deltas.</summary>
public sealed record ClassKnowledge
{
    /// <summary>Hash of the label's name: indices differ between sites.</summary>
    public required ulong LabelId { get; init; }

    /// <summary>Model hash of the site that first cut it, where the helper passes on what it once received; 0 for its own.</summary>
    public ulong Origin { get; init; }

    /// <summary>What the helper measured on rows kept aside; used for ranking, never trusted.</summary>
    public required KnowledgeClaims Claims { get; init; }

    /// <summary>Kept channels of convolutions, through which images go first; empty for a specialist on plain features.</summary>
    public IReadOnlyList<QuantizedConvolution> Channels { get; init; } = [];

    /// <summary>All layers, where single weights were kept in place of whole units; <see cref="Units"/>, <see cref="Layers"/> and <see cref="Output"/> are empty then.</summary>
    public IReadOnlyList<ScatteredLayer> Scattered { get; init; } = [];

    /// <summary>Which units of the helper's dense hidden layers were kept, ascending: [hidden layers][units].</summary>
    public required IReadOnlyList<UnitChoice> Units { get; init; }

    /// <summary>The kept layers, from samples on.</summary>
    public required IReadOnlyList<QuantizedLayer> Layers { get; init; }

    /// <summary>The output vector over the last kept layer: scale and bytes.</summary>
    public required Half OutputScale { get; init; }

    /// <summary>[units of the last kept layer]</summary>
    public required sbyte[] Output { get; init; }

    /// <summary>Bias of the score, which is a log-odds.</summary>
    public required float OutputBias { get; init; }

    /// <summary>Deltas against a common ancestor, where the packet has them.</summary>
    public AlignedDelta? Aligned { get; init; }

    /// <summary>Quantizes a specialist [inputs, units…, 1], and the channels before it.</summary>
    public static ClassKnowledge Of(ulong labelId, DenseNetwork specialist, IReadOnlyList<UnitChoice> units, ConvolutionFront? front = null, IReadOnlyList<UnitChoice>? channels = null)
    {
        var layers = new List<QuantizedLayer>();
        foreach (var layer in specialist.Layers.SkipLast(1))
        {
            layers.Add(QuantizedLayer.Of(layer.Inputs, specialist.Parameters.Slice(layer.Offset, layer.Inputs * layer.Outputs), layer.Biases(specialist.Parameters)));
        }

        var last = specialist.Layers[^1];
        var vector = last.Row(specialist.Parameters, 0);
        var scale = QuantizedLayer.ScaleOf(Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(vector)));
        var output = new sbyte[vector.Length];
        QuantizedLayer.QuantizeRow(vector, scale, output);
        return new ClassKnowledge
        {
            LabelId = labelId,
            Claims = new KnowledgeClaims(0, 0, 0, 0, []),
            Channels = [.. front?.Layers.Zip(channels ?? [], (layer, choice) => QuantizedConvolution.Of(layer, front.Parameters, choice)) ?? []],
            Units = units,
            Layers = layers,
            OutputScale = scale,
            Output = output,
            OutputBias = last.Biases(specialist.Parameters)[0],
        };
    }

    /// <summary>Quantizes what is not zero of a specialist [inputs, units…, 1], and the channels before it.</summary>
    public static ClassKnowledge OfScattered(ulong labelId, DenseNetwork specialist, ConvolutionFront? front = null, IReadOnlyList<UnitChoice>? channels = null) =>
        Of(labelId, specialist, [], front, channels) with { Layers = [], Output = [], OutputScale = Half.Zero, OutputBias = 0, Scattered = ScatteredLayer.Of(specialist) };

    /// <summary>The channels, as they were quantized; null where there are none.</summary>
    public ConvolutionFront? RestoreFront()
    {
        List<UnitLayer> layers = [];
        foreach (var channels in Channels)
        {
            layers.Add(new UnitLayer(channels.Layer.Inputs, channels.Layer.Units, layers.Count > 0 ? layers[^1].End : 0, channels.Shape));
        }

        var parameters = new float[layers.Count > 0 ? layers[^1].End : 0];
        foreach (var (channels, place) in Channels.Zip(layers))
        {
            channels.Layer.Restore(parameters.AsSpan(place.Offset, place.End - place.Offset));
        }

        return layers.Count > 0 ? new ConvolutionFront(layers, parameters) : null;
    }

    /// <summary>The specialist's network, as it was quantized.</summary>
    public DenseNetwork Restore()
    {
        if (Scattered.Count > 0)
        {
            return ScatteredLayer.Restore(Scattered);
        }

        var network = new DenseNetwork([Layers[0].Inputs, .. Layers.Select(layer => layer.Units), 1]);
        var parameters = new float[network.Parameters.Length];
        foreach (var (layer, place) in Layers.Zip(network.Layers))
        {
            layer.Restore(parameters.AsSpan(place.Offset, place.End - place.Offset));
        }

        var last = network.Layers[^1];
        for (var i = 0; i < Output.Length; i++)
        {
            parameters[last.Offset + i] = (float)OutputScale * Output[i];
        }

        parameters[last.BiasOffset] = OutputBias;
        network.Load(parameters);
        return network;
    }
}

/// <summary>Units kept of one hidden layer.</summary>
/// <param name="Width">Units the layer had.</param>
/// <param name="Kept">Indices, ascending.</param>
public sealed record UnitChoice(int Width, IReadOnlyList<int> Kept);

/// <summary>What a helper measured of a specialist on rows kept aside.</summary>
/// <param name="Auc">Area under the ROC curve, in [0, 1].</param>
/// <param name="BalancedAccuracy">Mean of both recalls at log-odds 0, in [0, 1].</param>
/// <param name="Positives">Rows of the class that the helper had, at most 65535.</param>
/// <param name="Negatives">Rows of other classes.</param>
/// <param name="Rest">The helper's class indices among those others, ascending; below 256.</param>
public sealed record KnowledgeClaims(double Auc, double BalancedAccuracy, int Positives, int Negatives, IReadOnlyList<int> Rest);

/// <summary>A class's output row and the most significant changes of hidden weights since a common ancestor (§4.7, our design).</summary>
/// <param name="Indices">Places among the parameters of the hidden layers, ascending.</param>
/// <param name="Scale">Value of one step of <paramref name="Deltas"/>.</param>
/// <param name="Deltas">Change of each since the ancestor.</param>
/// <param name="RowScale">Value of one step of <paramref name="Row"/>.</param>
/// <param name="Row">The weights into the class's logit.</param>
/// <param name="RowBias">Bias of the class's logit.</param>
public sealed record AlignedDelta(IReadOnlyList<int> Indices, Half Scale, sbyte[] Deltas, Half RowScale, sbyte[] Row, float RowBias);
