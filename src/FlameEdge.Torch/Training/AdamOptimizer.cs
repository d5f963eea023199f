using FlameEdge.Topology;
using TorchSharp;
using static TorchSharp.torch;

namespace FlameEdge.Torch.Training;

/// <summary>Adam, and AdamW where weights decay apart from the gradient.</summary>
/// <seealso href="https://arxiv.org/abs/1412.6980">Kingma and Ba 2015, algorithm 1</seealso>
/// <seealso href="https://arxiv.org/abs/1711.05101">Loshchilov and Hutter 2019, algorithm 2</seealso>
internal sealed class AdamOptimizer(TrainingSpec training, int count) : IOptimizer
{
    private readonly Tensor _mean = zeros(count);
    private readonly Tensor _square = zeros(count);
    private readonly Tensor _scale = zeros(count);
    private readonly Scalar _beta1 = training.Beta1;
    private readonly Scalar _beta2 = training.Beta2;
    private readonly Scalar _rest1 = 1 - training.Beta1;
    private readonly Scalar _rest2 = 1 - training.Beta2;
    private readonly Scalar _epsilon = training.Epsilon;
    private readonly Scalar? _decay = training.WeightDecay > 0
        ? training.Optimizer == OptimizerKind.AdamW ? 1 - (training.LearningRate * training.WeightDecay) : training.WeightDecay
        : null;

    private int _steps;

    public void Reset()
    {
        _mean.zero_();
        _square.zero_();
        _steps = 0;
    }

    public void Step(Tensor parameters, Tensor gradients)
    {
        Decay(parameters, gradients);
        _steps++;
        _mean.mul_(_beta1).add_(gradients, _rest1);
        _square.mul_(_beta2).addcmul_(gradients, gradients, _rest2);

        // Both means start at zero: what they lack of the truth is divided out.
        using Scalar rate = -training.LearningRate / (1 - Math.Pow(training.Beta1, _steps));
        using Scalar correction = 1 / Math.Sqrt(1 - Math.Pow(training.Beta2, _steps));
        _scale.copy_(_square).sqrt_().mul_(correction).add_(_epsilon);
        parameters.addcdiv_(_mean, _scale, rate);
    }

    public void Dispose()
    {
        Tensor[] tensors = [_mean, _square, _scale];
        Scalar?[] scalars = [_beta1, _beta2, _rest1, _rest2, _epsilon, _decay];
        foreach (var owned in tensors.Concat<IDisposable?>(scalars))
        {
            owned?.Dispose();
        }
    }

    private void Decay(Tensor parameters, Tensor gradients)
    {
        if (_decay is null)
        {
            return;
        }

        if (training.Optimizer == OptimizerKind.AdamW)
        {
            parameters.mul_(_decay);
        }
        else
        {
            gradients.add_(parameters, _decay);
        }
    }
}
