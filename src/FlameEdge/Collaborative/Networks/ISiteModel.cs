using FlameEdge.Models;

namespace FlameEdge.Collaborative.Networks;

/// <summary>The own network of a site: passes that can be called apart, and parameters that can be read and set.</summary>
/// <remarks>
/// Boosting needs <see cref="IGradientPass.Forward"/> and <see cref="IGradientPass.Step"/> alone; extraction needs the taps and <see cref="Layers"/>.
/// Not thread-safe; one per site.
/// </remarks>
public interface ISiteModel : IGradientPass
{
    /// <summary>Values of one sample.</summary>
    int FeatureCount { get; }

    /// <summary>Logits of one sample.</summary>
    int ClassCount { get; }

    /// <summary>Step length of <see cref="IGradientPass.Step"/>.</summary>
    float LearningRate { get; set; }

    /// <summary>The dense layers from samples to logits; tap i of the pass watches what the activation makes of layer i.</summary>
    IReadOnlyList<DenseLayer> Layers { get; }

    /// <summary>All parameters, in the order of <see cref="Layers"/>.</summary>
    ReadOnlySpan<float> Parameters { get; }

    /// <summary>Copies parameters in; the optimizer starts anew.</summary>
    void Load(ReadOnlySpan<float> parameters);
}

/// <summary>Where a dense layer stands among the parameters: weights [outputs, inputs], then biases [outputs].</summary>
/// <param name="Inputs">Values in.</param>
/// <param name="Outputs">Values out: the layer's units.</param>
/// <param name="Offset">Index of the first weight.</param>
public readonly record struct DenseLayer(int Inputs, int Outputs, int Offset)
{
    /// <summary>Index of the first bias.</summary>
    public int BiasOffset => Offset + (Inputs * Outputs);

    /// <summary>Index behind the last bias.</summary>
    public int End => BiasOffset + Outputs;

    /// <summary>All weights: [outputs, inputs].</summary>
    public ReadOnlySpan<float> Weights(ReadOnlySpan<float> parameters) => parameters.Slice(Offset, Inputs * Outputs);

    /// <summary>The weights that lead into <paramref name="unit"/>: [inputs].</summary>
    public ReadOnlySpan<float> Row(ReadOnlySpan<float> parameters, int unit) => parameters.Slice(Offset + (unit * Inputs), Inputs);

    /// <summary>The biases: [outputs].</summary>
    public ReadOnlySpan<float> Biases(ReadOnlySpan<float> parameters) => parameters.Slice(BiasOffset, Outputs);
}
