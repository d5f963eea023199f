using FlameEdge.Models;
using FlameEdge.Onnx.Declared;
using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Optimizers;
using FlameEdge.Parameters;

namespace FlameEdge.Onnx.Training;

/// <summary>Forward and backward passes over a trainer's state, with a loss of the caller's own between them.</summary>
/// <remarks>A backward pass computes the forward values once more: the runtime keeps none of them between two runs. Samples are copied, so their memory may change after <see cref="Forward"/>.</remarks>
internal sealed class GradientPass : IGradientPass
{
    private const string SeedName = "logit_gradients";

    private readonly ClassifierModel _model;
    private readonly StateBuffers _state;
    private readonly Func<StepRule> _rule;
    private readonly int _threads;
    private readonly int _classCount;
    private readonly int _featureCount;
    private readonly RowTensor _samples;
    private readonly RowTensor _logits;
    private readonly RowTensor _seeds;
    private readonly RowTensor[] _activations;
    private readonly RowTensor[] _activationGradients;
    private readonly TensorSet _gradients;
    private readonly StateSession _forward;
    private readonly StateSession _backward;
    private readonly string _logitsOutput;
    private readonly string[] _activationOutputs;
    private readonly string?[] _gradientOutputs;
    private readonly string _seedInput;
    private (StepSession Session, StepRule Rule, string Seed)? _step;
    private int _rows;

    /// <summary>Opens passes that watch <paramref name="taps"/>; <paramref name="rule"/> tells the trainer's present one.</summary>
    public GradientPass(ClassifierModel model, StateBuffers state, int classCount, IReadOnlyList<TapPoint> taps, Func<StepRule> rule, int threads)
    {
        (_model, _state, _rule, _threads, _classCount) = (model, state, rule, threads, classCount);
        _featureCount = model.SampleShape.Aggregate(1, (product, size) => product * size);
        _samples = new RowTensor(model.SampleShape);
        _logits = new RowTensor([classCount]);
        _seeds = new RowTensor([classCount]);
        _activations = [.. taps.Select(tap => new RowTensor(tap.Shape))];
        _activationGradients = [.. taps.Select(tap => new RowTensor(tap.Shape))];
        _gradients = new TensorSet(state.Layout);

        var forward = EvaluationForm.Of(model.Graph).WithInputs([.. state.Layout.Entries.Select(entry => entry.Name)]);
        forward.Graph.Output.Clear();
        var writer = new GraphWriter(forward.Graph);
        _logitsOutput = writer.Output(writer.Existing(model.Logits), model.Logits);
        _activationOutputs = [.. taps.Select(tap => writer.Output(writer.Existing(tap.Name), tap.Name))];
        _forward = new StateSession(forward, state, model.Graph.Name, threads);

        var names = taps.Select(tap => tap.Name).ToList();
        var backward = new BackwardGraph(model.Graph, model.Trainables, Loss, names, isEvaluation: true);
        _seedInput = backward.Model.Graph.Input[^1].Name;
        var outputs = state.Layout.Entries.Select(entry => OutputOf(backward, entry.Name)).ToList();
        _gradientOutputs = [.. names.Select(name => OutputOf(backward, name))];
        if (outputs.Concat(_gradientOutputs).All(output => output is null))
        {
            // A graph must have an output, though here every gradient is zero.
            backward.Writer.Output(backward.Loss, "loss");
        }

        _backward = new StateSession(backward.Model, state, model.Graph.Name, threads);
        for (var index = 0; index < outputs.Count; index++)
        {
            if (outputs[index] is { } output)
            {
                _backward.BindOutput(output, _gradients.Tensors[index]);
            }
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> ParameterGradients => _gradients.Values;

    private ProjectionLoss Loss => new([(_model.Logits, SeedName)]);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The samples are no whole rows, or the logits not as many.</exception>
    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
    {
        var rows = samples.Length / _featureCount;
        if (rows == 0 || rows * _featureCount != samples.Length || logits.Length != rows * _classCount)
        {
            throw new ArgumentException($"{samples.Length} values are not rows of {_featureCount}, or {logits.Length} logits not {_classCount} for each of them", nameof(samples));
        }

        Fit(rows);
        samples.Span.CopyTo(_samples.Values);
        _forward.Run();
        _logits.Values.CopyTo(logits);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Activation(int tap) => _activations[tap].Values;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are not as many gradients as logits.</exception>
    /// <exception cref="InvalidOperationException">There was no forward pass.</exception>
    public void Backward(ReadOnlySpan<float> logitGradients)
    {
        Seed(logitGradients);
        _backward.Run();
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> ActivationGradient(int tap) => _activationGradients[tap].Values;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are not as many gradients as logits.</exception>
    /// <exception cref="InvalidOperationException">There was no forward pass.</exception>
    public void Step(ReadOnlySpan<float> logitGradients)
    {
        Seed(logitGradients);
        var rule = _rule();
        if (_step is null || _step.Value.Rule != rule)
        {
            OpenStep(rule);
        }

        _step!.Value.Session.Step(); // opened above
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _forward.Dispose();
        _backward.Dispose();
        _step?.Session.Dispose();
        _gradients.Dispose();
        foreach (var tensor in _activations.Concat(_activationGradients).Append(_samples).Append(_logits).Append(_seeds))
        {
            tensor.Dispose();
        }
    }

    private static string? OutputOf(BackwardGraph backward, string value) =>
        backward.GradientOf(value) is { } gradient ? backward.Writer.Output(gradient, $"{value}.gradient") : null;

    // Memory and its bindings stay while batches have the same length.
    private void Fit(int rows)
    {
        if (rows == _rows)
        {
            return;
        }

        _rows = rows;
        foreach (var tensor in _activations.Concat(_activationGradients).Append(_samples).Append(_logits).Append(_seeds))
        {
            tensor.Fit(rows);
        }

        _forward.BindInput(_model.Input, _samples.Tensor);
        _forward.BindOutput(_logitsOutput, _logits.Tensor);
        _backward.BindInput(_model.Input, _samples.Tensor);
        _backward.BindInput(_seedInput, _seeds.Tensor);
        for (var tap = 0; tap < _activations.Length; tap++)
        {
            _forward.BindOutput(_activationOutputs[tap], _activations[tap].Tensor);
            if (_gradientOutputs[tap] is { } output)
            {
                _backward.BindOutput(output, _activationGradients[tap].Tensor);
            }
        }

        BindStep();
    }

    private void Seed(ReadOnlySpan<float> logitGradients)
    {
        if (_rows == 0)
        {
            throw new InvalidOperationException("a backward pass needs a forward pass before it");
        }

        if (logitGradients.Length != _seeds.Values.Length)
        {
            throw new ArgumentException($"the last forward pass made {_seeds.Values.Length} logits, not {logitGradients.Length}", nameof(logitGradients));
        }

        logitGradients.CopyTo(_seeds.Values);
    }

    private void OpenStep(StepRule rule)
    {
        _step?.Session.Dispose();
        var graph = new TrainingGraph(_model.Graph, _model.Trainables, Loss, rule, isEvaluation: true);
        _step = (new StepSession(graph, _state, _model.Graph.Name, _threads), rule, graph.Data.Single(name => name != _model.Input));
        BindStep();
    }

    private void BindStep()
    {
        if (_step is { } step)
        {
            step.Session.Bind(_model.Input, _samples.Tensor);
            step.Session.Bind(step.Seed, _seeds.Tensor);
        }
    }
}
