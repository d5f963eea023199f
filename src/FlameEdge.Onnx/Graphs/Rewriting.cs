using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Goes over the nodes of a graph and lets a rule change each, or put others in its place.</summary>
internal static class Rewriting
{
    /// <summary>
    /// Applies <paramref name="rule"/> to every node, in order. It may change the node and return null; or it appends other nodes and
    /// returns the value that takes the place of the first output.
    /// </summary>
    public static void Of(GraphProto graph, Func<NodeProto, GraphWriter, Value?> rule)
    {
        var writer = new GraphWriter(graph);
        var nodes = graph.Node.ToList();
        graph.Node.Clear();
        foreach (var node in nodes)
        {
            if (node.Input.Count == 0 || node.Domain is not ("" or "ai.onnx") || rule(node, writer) is not { } value)
            {
                graph.Node.Add(node);
                continue;
            }

            var last = graph.Node[^1];
            last.Output[last.Output.IndexOf(value.Name)] = node.Output[0];
        }
    }
}
