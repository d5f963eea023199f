using FlameEdge.Topology;
using FlameEdge.Torch.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>From gradients to the next parameters: proximal pull, correction, clipping, then the optimizer.</summary>
internal sealed class StepRule : IDisposable
{
    private readonly FlatTensors _tensors;
    private readonly double? _clipNorm;
    private readonly Scalar? _proximal;
    private readonly Tensor? _anchor;
    private readonly IOptimizer _optimizer;
    private Tensor? _correction;

    public StepRule(TrainingSpec training, FlatTensors tensors)
    {
        var count = checked((int)tensors.Parameters.numel());
        _tensors = tensors;
        _clipNorm = training.ClipNorm;
        (_proximal, _anchor) = training.Proximal > 0 ? ((Scalar)training.Proximal, zeros(count)) : (null, null);
        _optimizer = training.Optimizer == OptimizerKind.Sgd ? new SgdOptimizer(training, count) : new AdamOptimizer(training, count);
    }

    /// <summary>Takes the present parameters for those that the proximal term pulls to.</summary>
    public void SetAnchor() => _anchor?.copy_(_tensors.Parameters);

    /// <summary>What is added to every gradient, in layout order; empty for nothing.</summary>
    public void SetCorrection(ReadOnlySpan<float> correction)
    {
        _correction?.Dispose();
        _correction = correction.IsEmpty ? null : tensor(correction[..checked((int)_tensors.Parameters.numel())].ToArray());
    }

    /// <summary>Sets the optimizer's state to zero.</summary>
    public void Reset() => _optimizer.Reset();

    /// <summary>Makes one step with the present gradients, which are spent.</summary>
    public void Apply()
    {
        using var _ = no_grad();
        var (parameters, gradients) = (_tensors.Parameters, _tensors.Gradients);
        if (_anchor is not null)
        {
            using var way = parameters - _anchor;
            gradients.add_(way, _proximal!); // made together with the anchor
        }

        if (_correction is not null)
        {
            gradients.add_(_correction);
        }

        if (_clipNorm is { } longest)
        {
            Clip(gradients, longest);
        }

        _optimizer.Step(parameters, gradients);
    }

    public void Dispose()
    {
        _correction?.Dispose();
        _anchor?.Dispose();
        _proximal?.Dispose();
        _optimizer.Dispose();
    }

    private static void Clip(Tensor gradients, double longest)
    {
        using var norm = gradients.norm();
        var factor = longest / (norm.item<float>() + 1e-6);
        if (factor < 1)
        {
            using Scalar scale = factor;
            gradients.mul_(scale);
        }
    }
}
