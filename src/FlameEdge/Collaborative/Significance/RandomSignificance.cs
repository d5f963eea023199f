using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Significance;

/// <summary>Units by lot: what a criterion must beat.</summary>
public sealed class RandomSignificance(ulong seed) : ISignificance
{
    /// <inheritdoc/>
    public string Name => "random";

    /// <inheritdoc/>
    public float[][] Score(ISiteModel model, ClassSample sample)
    {
        var random = new PortableRandom(seed, (ulong)sample.Label);
        return [.. model.Layers.SkipLast(1).Select(layer => Enumerable.Range(0, layer.Outputs).Select(_ => (float)random.NextDouble()).ToArray())];
    }
}
