using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Gradients;

/// <summary>Reverse-mode differentiation: walks the path backwards and appends the nodes that compute gradients.</summary>
internal sealed class Differentiation(GradientPath path, ValueTypes types, GraphWriter writer)
{
    private readonly Dictionary<string, List<Value>> _shares = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _sums = new(StringComparer.Ordinal);

    /// <summary>Types and shapes of the forward values.</summary>
    public ValueTypes Types => types;

    /// <summary>Where the backward nodes go.</summary>
    public GraphWriter Writer => writer;

    /// <summary>True where the gradient of <paramref name="value"/> leads to something trainable or wanted, or is such itself.</summary>
    public bool IsActive(string value) => path.IsActive(value);

    /// <summary>Appends the backward pass, starting from the loss's gradients of the values it reads.</summary>
    /// <exception cref="ModelMismatchException">A rule does not cover what a node asks for; all such nodes are listed.</exception>
    public void Sweep(IEnumerable<(string Value, Value Gradient)> seeds, string model)
    {
        foreach (var (value, gradient) in seeds)
        {
            Give(value, gradient);
        }

        var refusals = path.Nodes.Select(Visit).OfType<string>().Reverse().ToList();
        if (refusals.Count > 0)
        {
            throw new ModelMismatchException($"{model} cannot be trained: {string.Join("; ", refusals)}");
        }
    }

    /// <summary>Adds a share to the gradient of <paramref name="value"/>; shares of values that lead to nothing trainable are dropped.</summary>
    public void Give(string value, Value gradient)
    {
        if (!IsActive(value))
        {
            return;
        }

        if (!_shares.TryGetValue(value, out var shares))
        {
            _shares.Add(value, shares = []);
        }

        shares.Add(gradient);
    }

    /// <summary>The gradient of <paramref name="value"/>, the sum of its shares, or null where none reaches it. Final once all readers of the value were visited.</summary>
    public Value? GradientOf(string value)
    {
        if (!_sums.TryGetValue(value, out var sum) && _shares.TryGetValue(value, out var shares))
        {
            sum = shares.Aggregate((left, right) => left + right);
            _sums.Add(value, sum);
        }

        return sum.Graph is null ? null : sum;
    }

    // The reason why the node cannot be differentiated, or null.
    private string? Visit(NodeProto node)
    {
        if (!node.Output.Any(_shares.ContainsKey))
        {
            return null;
        }

        try
        {
            var elements = types.ElementsOf(node.Output[0]);
            if (node.OpType is not ("Cast" or "CastLike") && elements is not (TensorElementType.Float or TensorElementType.Double))
            {
                return $"{node.OpType} '{node.Name}': a gradient passes float32 and double, not {elements}";
            }

            if (node.OpType != "Split" && node.Output.Skip(1).Any(_shares.ContainsKey))
            {
                return $"{node.OpType} '{node.Name}': only its first output passes a gradient";
            }

            writer.Precision = elements == TensorElementType.Double ? DataType.Double : DataType.Float;
            GradientRules.Find(node.OpType)?.Differentiate?.Invoke(new NodeGradient(node, this));
            return null;
        }
        catch (UnsupportedNodeException refusal)
        {
            return refusal.Message;
        }
        finally
        {
            writer.Precision = DataType.Float;
        }
    }
}
