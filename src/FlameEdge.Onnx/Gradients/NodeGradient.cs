using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlameEdge.Onnx.Gradients;

/// <summary>What a rule sees: one node, the gradient of its output, and where to put the gradients of its inputs.</summary>
internal sealed class NodeGradient(NodeProto node, Differentiation differentiation)
{
    /// <summary>The node of the forward graph.</summary>
    public NodeProto Node => node;

    /// <summary>Where the backward nodes go.</summary>
    public GraphWriter Graph => differentiation.Writer;

    /// <summary>The gradient of the first output.</summary>
    public Value Gradient => GradientOf(0) ?? throw Refusal("only its first output passes a gradient");

    /// <summary>The gradient of output <paramref name="index"/>, or null where nothing that matters reads it.</summary>
    public Value? GradientOf(int index) => differentiation.GradientOf(node.Output[index]);

    /// <summary>Input <paramref name="index"/>.</summary>
    public Value Input(int index) => Graph.Existing(node.Input[index]);

    /// <summary>Output <paramref name="index"/>.</summary>
    public Value Output(int index = 0) => Graph.Existing(node.Output[index]);

    /// <summary>True where the node has input <paramref name="index"/>; optional ones may be left out.</summary>
    public bool Has(int index) => index < node.Input.Count && node.Input[index].Length > 0;

    /// <summary>True where the gradient of input <paramref name="index"/> leads to something trainable.</summary>
    public bool Wants(int index) => Has(index) && differentiation.IsActive(node.Input[index]);

    /// <summary>The shape of a value, or null where it is unknown.</summary>
    public TensorInfo? TypeOf(Value value) => differentiation.Types.Of(value.Name);

    /// <summary>The type of a value's elements.</summary>
    public TensorElementType ElementsOf(Value value) => differentiation.Types.ElementsOf(value.Name);

    /// <summary>The sizes of a value; where one is open that the rule needs, the node is refused.</summary>
    /// <param name="value">The value.</param>
    /// <param name="from">The first axis that must be known.</param>
    public IReadOnlyList<int> SizesOf(Value value, int from = 0)
    {
        var type = TypeOf(value);
        return type is not null && type.Dimensions.Skip(from).All(size => size >= 0)
            ? type.Dimensions
            : throw Refusal($"the sizes of '{value.Name}' must be known before it runs");
    }

    /// <summary>The int64 list at input <paramref name="index"/> where it is a constant, else null.</summary>
    public long[]? ConstantAt(int index) => Has(index) ? differentiation.Types.ConstantOf(node.Input[index]) : null;

    /// <summary>Adds <paramref name="gradient"/> to the gradient of input <paramref name="index"/>; its shape is the input's.</summary>
    public void Give(int index, Value gradient) => differentiation.Give(node.Input[index], gradient);

    /// <summary>Adds a gradient of the output's shape to an input that was broadcast to it: sums over what was repeated.</summary>
    public void GiveBroadcast(int index, Value gradient)
    {
        var (own, whole) = (TypeOf(Input(index)), TypeOf(Output()));
        Give(index, own?.Dimensions.Count > whole?.Dimensions.Count
            ? throw Refusal($"its input {index} has more axes than its output")
            : Broadcasting.Undo(gradient, whole, Input(index), own));
    }

    /// <summary>Adds a gradient that only has another shape than the input.</summary>
    public void GiveReshaped(int index, Value gradient) => Give(index, gradient.Reshape(ShapeOf(Input(index))));

    /// <summary>The shape of <paramref name="value"/>: a constant where it is known, else computed when it runs.</summary>
    public Value ShapeOf(Value value) => TypeOf(value) is { IsStatic: true } type
        ? Graph.Integers([.. type.Dimensions.Select(size => (long)size)])
        : value.Shape();

    /// <summary>The reason why this very node cannot be differentiated, to be thrown.</summary>
    public UnsupportedNodeException Refusal(string reason) => new($"{node.OpType} '{node.Name}': {reason}");
}
