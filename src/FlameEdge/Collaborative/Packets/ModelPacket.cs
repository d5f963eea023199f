using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>A helper's whole model in int8, for a target where everything has shifted.</summary>
/// <param name="ModelHash">Short hash of the helper's parameters.</param>
/// <param name="InputContract">Hash of features, their order, shape and normalisation.</param>
/// <param name="LabelIds">Hashes of the labels' names, one per logit.</param>
/// <param name="Layers">All layers, from samples to logits.</param>
public sealed record ModelPacket(ulong ModelHash, ulong InputContract, IReadOnlyList<ulong> LabelIds, IReadOnlyList<QuantizedLayer> Layers)
{
    /// <summary>Quantizes a model.</summary>
    public static ModelPacket Of(ISiteModel model, ulong modelHash, ulong inputContract, IReadOnlyList<ulong> labelIds)
    {
        var layers = new List<QuantizedLayer>();
        foreach (var layer in model.Layers)
        {
            layers.Add(QuantizedLayer.Of(layer.Inputs, model.Parameters.Slice(layer.Offset, layer.Inputs * layer.Outputs), layer.Biases(model.Parameters)));
        }

        return new ModelPacket(modelHash, inputContract, labelIds, layers);
    }

    /// <summary>The parameters, in the order of a model of the same layers.</summary>
    public float[] Restore()
    {
        var parameters = new float[Layers.Sum(layer => layer.Units * (layer.Inputs + 1))];
        var at = 0;
        foreach (var layer in Layers)
        {
            var length = layer.Units * (layer.Inputs + 1);
            layer.Restore(parameters.AsSpan(at, length));
            at += length;
        }

        return parameters;
    }
}
