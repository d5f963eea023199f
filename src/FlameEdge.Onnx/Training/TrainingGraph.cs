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
        Data = [.. backward.Model.Graph.Input.Select(input => input.Name).Except(backward.Trainables.Select(tensor => tensor.Name))];
        Loss = graph.Output(backward.Loss, "loss");
        Value[] scalars = [.. optimizer.Scalars.Select(name => graph.Input(name, DataType.Float, []))];
        Scalars = [.. scalars.Select(scalar => scalar.Name)];
        Parameters = [.. backward.Trainables.Select(tensor => Append(tensor, optimizer, scalars))];
    }

    /// <summary>The model to run.</summary>
    public ModelProto Model => _backward.Model;

    /// <summary>Names of the inputs that are neither parameters, nor state, nor scalars: samples, labels.</summary>
    public IReadOnlyList<string> Data { get; }

    /// <summary>Names of the optimizer's scalar inputs, in its order.</summary>
    public IReadOnlyList<string> Scalars { get; }

    /// <summary>Name of the loss, a float32 scalar at the parameters before the step.</summary>
    public string Loss { get; }

    /// <summary>What is learned.</summary>
    public IReadOnlyList<TrainedTensor> Parameters { get; }

    /// <summary>The flat buffer that holds what is learned.</summary>
    public ParameterLayout ToLayout() => ParameterLayout.Of(Parameters.Select(tensor => (
        tensor.Name,
        (IReadOnlyList<int>)[.. tensor.Shape.Select(size => checked((int)size))],
        ParameterKind.Trainable)));

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

/// <summary>The names under which a trained tensor goes in and comes out.</summary>
/// <param name="Name">The input.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Next">The output with its next value.</param>
/// <param name="Slots">Inputs and outputs of the optimizer's state.</param>
internal sealed record TrainedTensor(string Name, long[] Shape, string Next, IReadOnlyList<(string Name, string Next)> Slots);
