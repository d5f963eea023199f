using FlameEdge.Models;

namespace FlameEdge.Collaborative.Networks;

/// <summary>The own network of a site: passes that can be called apart, and parameters that can be read and set.</summary>
/// <remarks>
/// A target needs <see cref="IGradientPass.Forward"/> and <see cref="IGradientPass.Step"/> alone; a helper's extraction needs the taps and <see cref="Layers"/>.
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

    /// <summary>The layers from samples to logits; tap i of the pass watches what ReLU makes of layer i. Empty where only logits are known: such a site is helped, and helps nobody.</summary>
    IReadOnlyList<UnitLayer> Layers { get; }

    /// <summary>All parameters, in the order of <see cref="Layers"/>.</summary>
    ReadOnlySpan<float> Parameters { get; }

    /// <summary>Copies parameters in; the optimizer starts anew.</summary>
    void Load(ReadOnlySpan<float> parameters);
}
