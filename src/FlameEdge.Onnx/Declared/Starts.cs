using FlameEdge.Models;
using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Declared;

/// <summary>Where learning starts from.</summary>
internal static class Starts
{
    /// <summary>All zeros: right where the loss is convex, as for a softmax regression.</summary>
    public static FirstParameters Zero { get; } = (_, _, parameters) => parameters.Clear();

    /// <summary>Weights normal with variance 2 / fan-in, biases zero.</summary>
    /// <seealso href="https://arxiv.org/abs/1502.01852">He et al. 2015, equation 10</seealso>
    public static FirstParameters HeNormal { get; } = (seed, layout, parameters) =>
    {
        var generator = new PortableRandom(seed);
        parameters.Clear();
        foreach (var entry in layout.Entries.Where(entry => entry.Shape.Count > 1))
        {
            // Weights are [outputs, inputs…]: all but the first dimension meet one output.
            var deviation = Math.Sqrt(2.0 / (entry.Length / entry.Shape[0]));
            foreach (ref var value in parameters.Slice(entry.Offset, entry.Length))
            {
                value = (float)(deviation * generator.Normal());
            }
        }
    };

    /// <summary>What the model file stores.</summary>
    public static FirstParameters Stored(ForwardGraph graph) => (_, layout, parameters) =>
    {
        foreach (var entry in layout.Entries)
        {
            Tensors.Floats(graph.Initializers[entry.Name]).CopyTo(parameters[entry.Offset..]);
        }
    };
}
