using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>The kept channels of a convolution in int8.</summary>
/// <param name="Units">Which channels of the helper's layer were kept.</param>
/// <param name="Shape">Geometry; its channels in are those kept below.</param>
/// <param name="Layer">Weights [channels, channels in · window²].</param>
public sealed record QuantizedConvolution(UnitChoice Units, Convolution Shape, QuantizedLayer Layer)
{
    /// <summary>Quantizes <paramref name="layer"/> of a front with these parameters.</summary>
    public static QuantizedConvolution Of(UnitLayer layer, ReadOnlySpan<float> parameters, UnitChoice units) =>
        new(units, layer.Convolution!, QuantizedLayer.Of(layer.Inputs, parameters.Slice(layer.Offset, layer.Inputs * layer.Outputs), layer.Biases(parameters))); // A front has convolutions only.
}
