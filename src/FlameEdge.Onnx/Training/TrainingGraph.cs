using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Parameters;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Training;

/// <summary>One optimizer step as a graph: data, parameters and optimizer state in; loss, next parameters and next state out.</summary>
internal sealed class TrainingGraph
{
    private readonly BackwardGraph _backward;

    /// <summary>Appends <paramref name="optimizer"/> to <paramref name="backward"/>.</summary>
    public TrainingGraph(BackwardGraph backward, IOptimizer optimizer)
    {
        _backward = backward;
        var graph = backward.Writer;
        Masks = backward.Form.Masks;
        Data =
        [
            .. backward.Model.Graph.Input.Select(input => input.Name)
                .Except(backward.Trainables.Select(tensor => tensor.Name))
                .Except(backward.Form.Buffers.Select(buffer => buffer.Name))
                .Except(Masks.Select(mask => mask.Input)),
        ];
        Loss = graph.Output(backward.Loss, "loss");
        Value[] scalars = [.. optimizer.Scalars.Select(name => graph.Input(name, DataType.Float, []))];
        Scalars = [.. scalars.Select(scalar => scalar.Name)];
        Parameters = [.. backward.Trainables.Select(tensor => Append(tensor, optimizer, scalars))];
        Buffers = [.. backward.Form.Buffers.Select(Append)];
    }

    /// <summary>The model to run.</summary>
    public ModelProto Model => _backward.Model;

    /// <summary>Names of the inputs that are neither parameters, nor state, nor masks, nor scalars: samples, labels.</summary>
    public IReadOnlyList<string> Data { get; }

    /// <summary>Inputs to be drawn anew for every step.</summary>
    public IReadOnlyList<DropoutMask> Masks { get; }

    /// <summary>Names of the optimizer's scalar inputs, in its order.</summary>
    public IReadOnlyList<string> Scalars { get; }

    /// <summary>Name of the loss, a float32 scalar at the parameters before the step.</summary>
    public string Loss { get; }

    /// <summary>What is learned.</summary>
    public IReadOnlyList<TrainedTensor> Parameters { get; }

    /// <summary>What the forward pass moves without a gradient; no optimizer state.</summary>
    public IReadOnlyList<TrainedTensor> Buffers { get; }

    /// <summary>Everything that goes from step to step: <see cref="Parameters"/>, then <see cref="Buffers"/>.</summary>
    public IReadOnlyList<TrainedTensor> State => [.. Parameters, .. Buffers];

    /// <summary>The flat buffer that holds <see cref="State"/>, in its order.</summary>
    public ParameterLayout ToLayout() => ParameterLayout.Of(
        Entries(Parameters, ParameterKind.Trainable).Concat(Entries(Buffers, ParameterKind.Buffer)));

    private static IEnumerable<(string, IReadOnlyList<int>, ParameterKind)> Entries(IReadOnlyList<TrainedTensor> tensors, ParameterKind kind) =>
        tensors.Select(tensor => (tensor.Name, (IReadOnlyList<int>)[.. tensor.Shape.Select(size => checked((int)size))], kind));

    private TrainedTensor Append(StateBuffer buffer)
    {
        var next = _backward.Writer.Output(_backward.Writer.Existing(buffer.Next), $"{buffer.Name}.next");
        return new TrainedTensor(buffer.Name, [.. _backward.Form.Graph.Initializers[buffer.Name].Dims], next, []);
    }

    private TrainedTensor Append(TensorProto tensor, IOptimizer optimizer, Value[] scalars)
    {
        var graph = _backward.Writer;
        var parameter = graph.Existing(tensor.Name);
        Value[] slots = [.. optimizer.Slots.Select(slot => graph.Input($"{tensor.Name}.{slot}", DataType.Float, tensor.Dims.Cast<object>()))];

        // What no path connects with the loss stays as it is, weight decay included.
        var next = _backward.GradientOf(tensor.Name) is { } gradient
            ? optimizer.Step(parameter, gradient, slots, scalars)
            : new OptimizerStep(parameter, slots);
        return new TrainedTensor(
            tensor.Name,
            [.. tensor.Dims],
            graph.Output(next.Parameter, $"{tensor.Name}.next"),
            [.. slots.Zip(next.Slots, (slot, after) => (slot.Name, graph.Output(after, $"{slot.Name}.next")))]);
    }
}

/// <summary>The names under which a tensor goes in and comes out.</summary>
/// <param name="Name">The input.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Next">The output with its next value.</param>
/// <param name="Slots">Inputs and outputs of the optimizer's state.</param>
internal sealed record TrainedTensor(string Name, long[] Shape, string Next, IReadOnlyList<(string Name, string Next)> Slots);
