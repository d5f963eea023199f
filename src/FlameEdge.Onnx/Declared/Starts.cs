using FlameEdge.Onnx.Graphs;

namespace FlameEdge.Onnx.Declared;

/// <summary>Where learning starts from.</summary>
internal static class Starts
{
    /// <summary>What the model file stores.</summary>
    public static FirstParameters Stored(ForwardGraph graph) => (_, layout, parameters) =>
    {
        foreach (var entry in layout.Entries)
        {
            Tensors.Floats(graph.Initializers[entry.Name]).CopyTo(parameters[entry.Offset..]);
        }
    };
}
