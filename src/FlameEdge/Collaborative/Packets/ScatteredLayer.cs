using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>A layer of a specialist of which single weights were kept, wherever they stand; the others are zero.</summary>
/// <param name="Inputs">Values in.</param>
/// <param name="Values">Weights [units, inputs] and then biases [units].</param>
public sealed record ScatteredLayer(int Inputs, SparseValues Values)
{
    /// <summary>Number of units.</summary>
    public int Units => Values.Length / (Inputs + 1);

    /// <summary>Quantizes what is not zero of a network.</summary>
    public static IReadOnlyList<ScatteredLayer> Of(DenseNetwork network)
    {
        List<ScatteredLayer> layers = [];
        foreach (var layer in network.Layers)
        {
            var values = network.Parameters[layer.Offset..layer.End].ToArray();
            layers.Add(new ScatteredLayer(layer.Inputs, SparseValues.At(values, [.. Enumerable.Range(0, values.Length).Where(place => values[place] != 0)])));
        }

        return layers;
    }

    /// <summary>The network of such layers.</summary>
    public static DenseNetwork Restore(IReadOnlyList<ScatteredLayer> layers)
    {
        var network = new DenseNetwork([.. layers.Select(layer => layer.Inputs), layers[^1].Units]);
        var parameters = new float[network.Parameters.Length];
        foreach (var (layer, place) in layers.Zip(network.Layers))
        {
            layer.Values.AddTo(parameters.AsSpan(place.Offset, place.End - place.Offset));
        }

        network.Load(parameters);
        return network;
    }
}
