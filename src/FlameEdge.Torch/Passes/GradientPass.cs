using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Torch.Modules;
using FlameEdge.Torch.Training;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Passes;

/// <summary>Forward and backward passes called apart, on a network in evaluation form.</summary>
internal sealed class GradientPass : IGradientPass
{
    private readonly Network _network;
    private readonly StepRule _rule;
    private readonly Action[] _removals;
    private readonly Tensor?[] _activations;
    private readonly Tensor?[] _gradients;
    private Tensor? _logits;

    public GradientPass(Network network, StepRule rule, IReadOnlyList<nn.Module<Tensor, Tensor>> taps)
    {
        (_network, _rule) = (network, rule);
        _activations = new Tensor?[taps.Count];
        _gradients = new Tensor?[taps.Count];
        _removals = [.. taps.Select((module, tap) => (Action)module.register_forward_hook((_, _, output) => Keep(tap, output)).remove)];
    }

    public ReadOnlySpan<float> ParameterGradients => _network.Tensors.GradientValues;

    public void Forward(ReadOnlyMemory<float> samples, Span<float> logits)
    {
        var rows = samples.Length / _network.FeatureCount;
        if (rows * _network.FeatureCount != samples.Length || logits.Length != rows * _network.ClassCount)
        {
            throw new ArgumentException($"{samples.Length} values are no rows of {_network.FeatureCount} features, or {logits.Length} are not their logits", nameof(samples));
        }

        Release();
        using var scope = NewDisposeScope();
        _network.Module.eval();
        var input = zeros(_network.BatchShape(rows), requires_grad: _activations.Length > 0); // so that even what only frozen layers lead to has a gradient
        samples.Span.CopyTo(ValuesOf(input));
        _logits = scope.Detach(_network.Module.call(input).contiguous());
        ValuesOf(_logits).CopyTo(logits);
    }

    public ReadOnlySpan<float> Activation(int tap) => ValuesOf(_activations[tap] ?? throw NoForward());

    public void Backward(ReadOnlySpan<float> logitGradients)
    {
        var logits = _logits ?? throw NoForward();
        if (logitGradients.Length != logits.numel())
        {
            throw new ArgumentException($"the logits are {logits.numel()} values, not {logitGradients.Length}", nameof(logitGradients));
        }

        using var scope = NewDisposeScope();
        _network.Tensors.Gradients.zero_();
        foreach (var activation in _activations)
        {
            activation?.grad?.zero_();
        }

        var seed = zeros(logits.shape);
        logitGradients.CopyTo(ValuesOf(seed));
        logits.backward([seed], retain_graph: true);
        for (var tap = 0; tap < _gradients.Length; tap++)
        {
            _gradients[tap]?.Dispose();
            _gradients[tap] = _activations[tap] is { } activation ? scope.Detach(activation.grad?.contiguous() ?? zeros(activation.shape)) : null;
        }
    }

    public ReadOnlySpan<float> ActivationGradient(int tap) =>
        ValuesOf(_gradients[tap] ?? throw new InvalidOperationException("there was no backward pass yet"));

    public void Step(ReadOnlySpan<float> logitGradients)
    {
        Backward(logitGradients);
        _rule.Apply();

        // What was computed belongs to the parameters before the step.
        _logits?.Dispose();
        _logits = null;
    }

    public void Dispose()
    {
        Release();
        Array.ForEach(_removals, remove => remove());
    }

    // What goes on is a copy: whoever comes next may overwrite it in place, or dispose it.
    private Tensor Keep(int tap, Tensor output)
    {
        _activations[tap]?.Dispose();
        var activation = output.contiguous().DetachFromDisposeScope();
        if (activation.requires_grad)
        {
            activation.retain_grad();
        }

        _activations[tap] = activation;
        return activation.clone();
    }

    private void Release()
    {
        _logits?.Dispose();
        _logits = null;
        for (var tap = 0; tap < _activations.Length; tap++)
        {
            _activations[tap]?.Dispose();
            _gradients[tap]?.Dispose();
            _activations[tap] = _gradients[tap] = null;
        }
    }

    private static Span<float> ValuesOf(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    private static InvalidOperationException NoForward() => new("call Forward first, anew after every step");
}
