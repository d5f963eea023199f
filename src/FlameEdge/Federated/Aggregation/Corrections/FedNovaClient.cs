using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>The client's part of FedNova: sends (y − x) / ‖a‖₁ and ‖a‖₁, the sum of what its local steps made of each gradient.</summary>
/// <remarks>
/// For τ steps, ‖a‖₁ is τ for plain SGD; Σ (1 − ρᵏ)/(1 − ρ), k = 1..τ, with momentum ρ; Σ (1 − lr μ)ᵏ, k = 0..τ−1, with a proximal term μ. The local rule must be SGD
/// without Nesterov. Goes with <see cref="FedNovaServer"/>.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/2007.07481">Wang et al. 2020, section 4, equations 8 and 9</seealso>
public sealed class FedNovaClient : ClientCorrection
{
    private readonly double momentum;
    private readonly double decay;

    /// <param name="layout">The model's.</param>
    /// <param name="learningRate">Size of the local steps, above 0.</param>
    /// <param name="momentum">ρ of the local steps, in [0, 1).</param>
    /// <param name="mu">Proximal μ, at least 0; lr μ must stay below 1.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or both momentum and μ are set, for which the paper gives no ‖a‖₁.</exception>
    public FedNovaClient(ParameterLayout layout, double learningRate, double momentum = 0, double mu = 0)
        : base(layout)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(learningRate);
        ArgumentOutOfRangeException.ThrowIfNegative(momentum);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(momentum, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(mu);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(learningRate * mu, 1, nameof(mu));
        if (momentum > 0 && mu > 0)
        {
            throw new ArgumentException("FedNova is defined for momentum or a proximal term, not for both at once", nameof(mu));
        }

        Proximal = mu;
        this.momentum = momentum;
        this.decay = 1 - (learningRate * mu);
    }

    /// <inheritdoc/>
    public override double Proximal { get; }

    /// <summary>‖a‖₁ of that many local steps.</summary>
    public double WorkOf(int steps)
    {
        // Step k multiplies the weight of earlier gradients by the decay and gives new ones 1 + ρ + … + ρ^(k−1).
        var (work, weight) = (0.0, 0.0);
        for (var k = 0; k < steps; k++)
        {
            weight = (this.momentum * weight) + 1;
            work = (this.decay * work) + weight;
        }

        return work;
    }

    /// <inheritdoc/>
    protected override double Finish(in LocalWork work, Span<float> change, Span<float> second)
    {
        var norm = WorkOf(work.Steps);
        foreach (var run in Runs)
        {
            if (run.Kind == ParameterKind.Trainable)
            {
                var part = change.Slice(run.Offset, run.Length);
                TensorPrimitives.Divide(part, (float)norm, part);
            }
        }

        return norm;
    }
}
