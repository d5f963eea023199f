using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Graphs;

/// <summary>The model as it is trained: what is random or remembered within it comes from outside, so that a step is a pure function.</summary>
/// <remarks>
/// A Dropout in training mode becomes a product with a mask that is a graph input. A BatchNormalization in training mode keeps its
/// running statistics in buffers, whose next values are outputs of the node. Nodes in evaluation mode stay as they are.
/// </remarks>
internal sealed class TrainingForm
{
    private readonly List<DropoutMask> _masks = [];
    private readonly List<StateBuffer> _buffers = [];

    private TrainingForm(ForwardGraph graph) => Graph = graph;

    /// <summary>The model; the masks are inputs, the buffers still initializers.</summary>
    public ForwardGraph Graph { get; private set; }

    /// <summary>What a feed has to draw anew for every step.</summary>
    public IReadOnlyList<DropoutMask> Masks => _masks;

    /// <summary>Stored tensors that every step replaces. As constants they would be wrong: the runtime folds a Conv and the BatchNormalization after it as if in evaluation mode.</summary>
    public IReadOnlyList<StateBuffer> Buffers => _buffers;

    /// <summary>The training form of <paramref name="forward"/>, which stays as it is.</summary>
    /// <exception cref="ModelMismatchException">A mask or a buffer cannot be told apart from the rest of the model; the message says which.</exception>
    public static TrainingForm Of(ForwardGraph forward)
    {
        var form = new TrainingForm(forward);
        if (!forward.Graph.Node.Any(node => TrainingModes.IsOn(node, forward)))
        {
            return form;
        }

        // The runtime's look at the model comes first: from here on every node has the inputs it needs.
        _ = forward.Types;
        var model = forward.Model.Clone();
        var writer = new GraphWriter(model.Graph);
        foreach (var node in model.Graph.Node.Where(node => TrainingModes.IsOn(node, forward)).ToList())
        {
            if (node.OpType == "Dropout")
            {
                form.Mask(node, forward, model.Graph, writer);
            }
            else
            {
                form.Remember(node, forward, writer);
            }
        }

        form.Graph = new ForwardGraph(model, forward.Name);
        return form;
    }

    private void Mask(NodeProto node, ForwardGraph forward, GraphProto graph, GraphWriter writer)
    {
        var ratio = TrainingModes.RatioOf(node, forward);
        if (forward.Types.Of(node.Input[0]) is not { Type: TensorElementType.Float } type || type.Dimensions.Skip(1).Any(size => size < 0))
        {
            throw TrainingModes.Refusal(node, forward, "its mask needs float32 values of a known size per sample");
        }

        object batch = type.Dimensions[0] >= 0 ? type.Dimensions[0] : type.Symbols[0].Length > 0 ? type.Symbols[0] : "N";
        var mask = writer.Input($"{node.Output[0]}.mask", DataType.Float, [batch, .. type.Dimensions.Skip(1).Cast<object>()]);
        _masks.Add(new DropoutMask(mask.Name, [.. type.Dimensions.Skip(1)], ratio));

        if (node.Output.Count > 1 && node.Output[1].Length > 0)
        {
            var kept = new NodeProto { OpType = "Cast", Name = writer.Fresh($"{node.Output[1]}.kept"), Input = { mask.Name }, Output = { node.Output[1] } };
            kept.Attribute.Add(Attributes.Of("to", (long)DataType.Bool));
            graph.Node.Insert(graph.Node.IndexOf(node) + 1, kept);
        }

        var (x, y) = (node.Input[0], node.Output[0]);
        node.OpType = "Mul";
        node.Input.Clear();
        node.Input.Add([x, mask.Name]);
        node.Output.Clear();
        node.Output.Add(y);
        node.Attribute.Clear();
    }

    private void Remember(NodeProto node, ForwardGraph forward, GraphWriter writer)
    {
        while (node.Output.Count < 3)
        {
            node.Output.Add("");
        }

        for (var index = 1; index < 3; index++)
        {
            var statistic = node.Input[index + 2];
            if (!forward.Initializers.TryGetValue(statistic, out var tensor) || tensor.DataType != (int)DataType.Float)
            {
                throw TrainingModes.Refusal(node, forward, $"its running statistic '{statistic}' must be a stored float32 tensor");
            }

            if (_buffers.Any(buffer => buffer.Name == statistic))
            {
                throw TrainingModes.Refusal(node, forward, $"its running statistic '{statistic}' belongs to another node as well");
            }

            node.Output[index] = node.Output[index].Length > 0 ? node.Output[index] : writer.Fresh($"{node.Output[0]}.next{index}");
            _buffers.Add(new StateBuffer(statistic, node.Output[index]));
        }
    }
}

/// <summary>A float32 graph input that stands for what a Dropout keeps: 0 with probability <paramref name="Ratio"/>, else 1 / (1 - ratio).</summary>
/// <param name="Input">Its name.</param>
/// <param name="SampleShape">Its dimensions after the batch.</param>
/// <param name="Ratio">Share of values that are dropped, in [0, 1).</param>
internal sealed record DropoutMask(string Input, IReadOnlyList<int> SampleShape, float Ratio);

/// <summary>A stored tensor that the forward pass itself moves, such as a running mean.</summary>
/// <param name="Name">The initializer with its first value.</param>
/// <param name="Next">The value of the training form that holds its next state.</param>
internal sealed record StateBuffer(string Name, string Next);
