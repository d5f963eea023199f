using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Gradients;

/// <summary>The nodes between something trainable and the loss: the only ones that a gradient visits.</summary>
/// <remarks>A frozen part below the lowest trainable tensor costs nothing and needs no rules.</remarks>
internal sealed class GradientPath
{
    private readonly HashSet<string> _active;

    /// <summary>Finds the path; refuses where operators on it have no rule.</summary>
    /// <param name="graph">The forward graph.</param>
    /// <param name="model">What messages call it.</param>
    /// <param name="trainables">Names of the tensors to learn.</param>
    /// <param name="outputs">The values that the loss reads.</param>
    /// <param name="wanted">Further values whose gradient is asked for, wherever they lie.</param>
    /// <exception cref="ModelMismatchException">Operators without a rule are in the way; all of them are listed.</exception>
    public GradientPath(GraphProto graph, string model, IEnumerable<string> trainables, IEnumerable<string> outputs, IEnumerable<string> wanted)
    {
        _active = ReachedFrom(trainables.Concat(wanted), graph);
        Nodes = LeadingTo(outputs, graph);
        RefuseWithoutRule(model);
    }

    /// <summary>The nodes on the path, last first.</summary>
    public IReadOnlyList<NodeProto> Nodes { get; }

    /// <summary>True where the gradient of <paramref name="value"/> leads to something trainable or wanted, or is such itself.</summary>
    public bool IsActive(string value) => _active.Contains(value);

    private static HashSet<string> ReachedFrom(IEnumerable<string> trainables, GraphProto graph)
    {
        var reached = trainables.ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            var stops = GradientRules.Find(node.OpType) is { Differentiate: null };
            if (!stops && node.Input.Any(reached.Contains))
            {
                reached.UnionWith(node.Output.Where(output => output.Length > 0));
            }
        }

        return reached;
    }

    private List<NodeProto> LeadingTo(IEnumerable<string> outputs, GraphProto graph)
    {
        var needed = outputs.Where(IsActive).ToHashSet(StringComparer.Ordinal);
        var nodes = new List<NodeProto>();
        foreach (var node in graph.Node.Reverse().Where(node => node.Output.Any(needed.Contains) && node.Input.Any(IsActive)))
        {
            nodes.Add(node);
            needed.UnionWith(node.Input.Where(IsActive));
        }

        return nodes;
    }

    private void RefuseWithoutRule(string model)
    {
        var missing = Nodes.Reverse().Where(node => node.Domain is not ("" or "ai.onnx") || GradientRules.Find(node.OpType) is null).ToList();
        if (missing.Count > 0)
        {
            var list = string.Join(", ", missing.Select(node => $"{node.OpType} '{(node.Name.Length > 0 ? node.Name : node.Output[0])}'"));
            throw new ModelMismatchException($"{model} cannot be trained: there is no gradient rule for {list}");
        }
    }
}
