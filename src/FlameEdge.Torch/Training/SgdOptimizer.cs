using FlameEdge.Topology;
using TorchSharp;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>Stochastic gradient descent, without dampening: g += decay p; v = momentum v + g; p -= rate v, or with Nesterov p -= rate (g + momentum v).</summary>
internal sealed class SgdOptimizer(TrainingSpec training, int count) : IOptimizer
{
    private readonly Tensor? _velocity = training.Momentum > 0 ? zeros(count) : null;
    private readonly Scalar? _decay = training.WeightDecay > 0 ? (Scalar)training.WeightDecay : null;
    private readonly Scalar _momentum = training.Momentum;
    private readonly Scalar _rate = -training.LearningRate;

    public void Reset() => _velocity?.zero_();

    public void Step(Tensor parameters, Tensor gradients)
    {
        if (_decay is not null)
        {
            gradients.add_(parameters, _decay);
        }

        if (_velocity is null)
        {
            parameters.add_(gradients, _rate);
            return;
        }

        _velocity.mul_(_momentum).add_(gradients);
        parameters.add_(training.Nesterov ? gradients.add_(_velocity, _momentum) : _velocity, _rate);
    }

    public void Dispose()
    {
        _velocity?.Dispose();
        _decay?.Dispose();
        _momentum.Dispose();
        _rate.Dispose();
    }
}
