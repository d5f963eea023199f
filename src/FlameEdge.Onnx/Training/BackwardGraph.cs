using FlameEdge.Diagnostics;
using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Gradients;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Training;

/// <summary>A forward model with its loss and the gradients of its trainable tensors, which have become graph inputs.</summary>
internal sealed class BackwardGraph
{
    private readonly Differentiation _gradients;

    /// <summary>Differentiates <paramref name="loss"/> by the tensors named in <paramref name="trainables"/>; <paramref name="forward"/> stays as it is.</summary>
    /// <param name="forward">The forward model.</param>
    /// <param name="trainables">Initializers to learn.</param>
    /// <param name="loss">What to make small.</param>
    /// <param name="wanted">Further values whose gradient is asked for, though nothing below them may learn.</param>
    /// <param name="scale">What all gradients come multiplied with.</param>
    /// <param name="isEvaluation">True to differentiate the model as it is scored: nothing is masked, buffers stay.</param>
    /// <exception cref="ModelMismatchException">A trainable is missing or not float32, or a gradient cannot be formed; the message lists why.</exception>
    public BackwardGraph(
        ForwardGraph forward,
        IReadOnlyList<string> trainables,
        ILoss loss,
        IReadOnlyList<string>? wanted = null,
        float scale = 1,
        bool isEvaluation = false)
    {
        foreach (var name in trainables)
        {
            CheckTrainable(forward, name);
        }

        Form = TrainingForm.Of(forward);
        Masks = isEvaluation ? [] : Form.Masks;
        Buffers = isEvaluation ? [.. Form.Buffers.Select(buffer => buffer with { Next = buffer.Name })] : Form.Buffers;
        var graph = isEvaluation ? EvaluationForm.Of(forward) : Form.Graph;
        Model = graph.WithInputs([.. trainables, .. Buffers.Select(buffer => buffer.Name)]);
        var path = new GradientPath(Model.Graph, forward.Name, trainables, loss.Outputs, wanted ?? []);
        Model.Graph.Output.Clear();

        Writer = new GraphWriter(Model.Graph);
        Trainables = [.. trainables.Select(name => forward.Initializers[name])];
        var terms = loss.Append(Writer, graph.Types);
        Loss = terms.Loss;
        _gradients = new Differentiation(path, graph.Types, Writer);
        _gradients.Sweep(terms.Seeds.Select(seed => (seed.Value, scale * seed.Gradient)), forward.Name);
    }

    /// <summary>The model; it has no outputs until some are asked for with <see cref="GraphWriter.Output"/>.</summary>
    public ModelProto Model { get; }

    /// <summary>The forward model as it is trained.</summary>
    public TrainingForm Form { get; }

    /// <summary>Inputs of the model that stand for what Dropout keeps.</summary>
    public IReadOnlyList<DropoutMask> Masks { get; }

    /// <summary>Inputs of the model that the forward pass itself moves, or that stay as they are.</summary>
    public IReadOnlyList<StateBuffer> Buffers { get; }

    /// <summary>Appends to the model.</summary>
    public GraphWriter Writer { get; }

    /// <summary>The tensors that are learned, with their first values.</summary>
    public IReadOnlyList<TensorProto> Trainables { get; }

    /// <summary>The loss, a float32 scalar.</summary>
    public Value Loss { get; }

    /// <summary>The gradient of any value between a trainable or wanted one and the loss, or null where none reaches it.</summary>
    public Value? GradientOf(string value) => _gradients.GradientOf(value);

    private static void CheckTrainable(ForwardGraph forward, string name)
    {
        if (!forward.Initializers.TryGetValue(name, out var tensor))
        {
            throw new ModelMismatchException($"{forward.Name} has no tensor '{name}' to train");
        }

        if (tensor.DataType != (int)DataType.Float)
        {
            throw new ModelMismatchException($"{forward.Name}: '{name}' is {(DataType)tensor.DataType}; only float32 is trained");
        }
    }
}
