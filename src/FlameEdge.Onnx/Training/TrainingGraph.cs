using FlameEdge.Onnx.Format;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Parameters;
using DataType = FlameEdge.Onnx.Format.TensorProto.Types.DataType;

namespace FlameEdge.Onnx.Training;

/// <summary>One optimizer step as a graph: data, parameters and optimizer state in; loss, next parameters and next state out.</summary>
internal sealed class TrainingGraph
{
    private readonly BackwardGraph _backward;

    /// <summary>Differentiates <paramref name="loss"/> and appends a step of <paramref name="rule"/>.</summary>
    /// <param name="forward">The forward model, which stays as it is.</param>
    /// <param name="trainables">Initializers to learn.</param>
    /// <param name="loss">What to make small.</param>
    /// <param name="rule">How a gradient becomes a step.</param>
    /// <param name="isEvaluation">True to run the model as it is scored: nothing is masked, buffers stay.</param>
    /// <exception cref="Diagnostics.ModelMismatchException">The model cannot be trained; the message lists why.</exception>
    public TrainingGraph(ForwardGraph forward, IReadOnlyList<string> trainables, ILoss loss, StepRule rule, bool isEvaluation = false)
    {
        Rule = rule;
        _backward = new BackwardGraph(forward, trainables, loss, scale: rule.Optimizer.GradientScale, isEvaluation: isEvaluation);
        Data =
        [
            .. Model.Graph.Input.Select(input => input.Name)
                .Except(trainables)
                .Except(_backward.Buffers.Select(buffer => buffer.Name))
                .Except(Masks.Select(mask => mask.Input)),
        ];
        Loss = Writer.Output(_backward.Loss, "loss");
        Value[] scalars = [.. rule.Optimizer.Scalars.Select(name => Writer.Input(name, DataType.Float, []))];
        Scalars = [.. scalars.Select(scalar => scalar.Name)];
        var slopes = Slopes();
        Parameters = [.. _backward.Trainables.Select(tensor => Append(tensor, slopes.GetValueOrDefault(tensor.Name), scalars))];
        Buffers = [.. _backward.Buffers.Select(Append)];
    }

    /// <summary>The model to run.</summary>
    public ModelProto Model => _backward.Model;

    /// <summary>How a gradient becomes a step.</summary>
    public StepRule Rule { get; }

    /// <summary>Names of the inputs that are neither parameters, nor state, nor masks, nor scalars: samples, labels.</summary>
    public IReadOnlyList<string> Data { get; }

    /// <summary>Inputs to be drawn anew for every step.</summary>
    public IReadOnlyList<DropoutMask> Masks => _backward.Masks;

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

    private GraphWriter Writer => _backward.Writer;

    /// <summary>The flat buffer that holds <see cref="State"/>, in its order.</summary>
    public ParameterLayout ToLayout() => ParameterLayout.Of(
        Entries(Parameters, ParameterKind.Trainable).Concat(Entries(Buffers, ParameterKind.Buffer)));

    private static IEnumerable<(string, IReadOnlyList<int>, ParameterKind)> Entries(IReadOnlyList<TrainedTensor> tensors, ParameterKind kind) =>
        tensors.Select(tensor => (tensor.Name, (IReadOnlyList<int>)[.. tensor.Shape.Select(size => checked((int)size))], kind));

    // What the optimizer gets for each tensor that a path connects with the loss.
    private Dictionary<string, Slope> Slopes()
    {
        var slopes = new Dictionary<string, Slope>(StringComparer.Ordinal);
        var used = new HashSet<Value>();
        foreach (var tensor in _backward.Trainables)
        {
            if (_backward.GradientOf(tensor.Name) is { } gradient)
            {
                // Two tensors may share a gradient; what is added for one must not reach the other.
                var own = used.Add(gradient) ? gradient : Writer.Op("Identity", gradient);
                slopes.Add(tensor.Name, Pulled(tensor, own));
            }
        }

        if (Rule.ClipNorm is { } limit)
        {
            var limited = Clipping.Limit([.. slopes.Values.Select(slope => slope.Gradient)], limit, Rule.Optimizer.GradientScale);
            foreach (var ((name, slope), gradient) in slopes.ToList().Zip(limited))
            {
                slopes[name] = slope with { Gradient = gradient };
            }
        }

        return slopes;
    }

    private Slope Pulled(TensorProto tensor, Value gradient)
    {
        var slope = new Slope(gradient, null, null);
        if (Rule.IsCorrected)
        {
            var correction = Input(tensor, "correction");
            slope = slope with { Gradient = slope.Gradient.PlusMultiple(1, correction), Correction = correction.Name };
        }

        if (Rule.Proximal > 0)
        {
            var anchor = Input(tensor, "anchor");
            var pull = (Rule.Optimizer.GradientScale * Rule.Proximal) * (Writer.Existing(tensor.Name) - anchor);
            slope = slope with { Gradient = slope.Gradient + pull, Anchor = anchor.Name };
        }

        return slope;
    }

    private Value Input(TensorProto tensor, string what) => Writer.Input($"{tensor.Name}.{what}", DataType.Float, tensor.Dims.Cast<object>());

    private TrainedTensor Append(StateBuffer buffer) => new(
        buffer.Name,
        [.. _backward.Form.Graph.Initializers[buffer.Name].Dims],
        Writer.Output(Writer.Existing(buffer.Next), $"{buffer.Name}.next"),
        []);

    private TrainedTensor Append(TensorProto tensor, Slope? slope, Value[] scalars)
    {
        var parameter = Writer.Existing(tensor.Name);
        Value[] slots = [.. Rule.Optimizer.Slots.Select(slot => Input(tensor, slot))];

        // What no path connects with the loss stays as it is, weight decay included.
        var next = slope is null ? new OptimizerStep(parameter, slots) : Rule.Optimizer.Step(parameter, slope.Gradient, slots, scalars);
        return new TrainedTensor(
            tensor.Name,
            [.. tensor.Dims],
            Writer.Output(next.Parameter, $"{tensor.Name}.next"),
            [.. slots.Zip(next.Slots, (slot, after) => (slot.Name, Writer.Output(after, $"{slot.Name}.next")))],
            slope?.Anchor,
            slope?.Correction);
    }

    private sealed record Slope(Value Gradient, string? Anchor, string? Correction);
}

/// <summary>The names under which a tensor goes in and comes out.</summary>
/// <param name="Name">The input.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Next">The output with its next value.</param>
/// <param name="Slots">Inputs and outputs of the optimizer's state.</param>
/// <param name="Anchor">The input with the value it is pulled towards, or null.</param>
/// <param name="Correction">The input with what is added to its gradient, or null.</param>
internal sealed record TrainedTensor(
    string Name, long[] Shape, string Next, IReadOnlyList<(string Name, string Next)> Slots, string? Anchor = null, string? Correction = null);
