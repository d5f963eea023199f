using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Momentum of the server: u ← β u + D; x ← x + η u, or x ← x + η (D + β u) with Nesterov. No dampening.</summary>
/// <seealso href="https://arxiv.org/abs/1909.06335">Hsu, Qi and Brown 2019, section 4.3</seealso>
public sealed class FedAvgM : ServerOptimizer
{
    private readonly float eta;
    private readonly float beta;
    private readonly bool nesterov;
    private readonly Memory<float> momentum;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    /// <param name="beta">β, in [0, 1).</param>
    /// <param name="nesterov">True for a step that looks one momentum ahead.</param>
    public FedAvgM(ParameterLayout layout, double eta = 1, double beta = 0.9, bool nesterov = false)
        : base(layout)
    {
        this.eta = Require(eta, eta > 0, nameof(eta), "above 0");
        this.beta = Require(beta, beta is >= 0 and < 1, nameof(beta), "in [0, 1)");
        this.nesterov = nesterov;
        this.momentum = AddState("momentum");
    }

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model)
    {
        var momentum = this.momentum.Span.Slice(offset, model.Length);
        TensorPrimitives.MultiplyAdd(momentum, this.beta, round.Mean, momentum);
        if (this.nesterov)
        {
            ParameterMath.AddScaled(round.Mean, this.eta, model);
        }

        ParameterMath.AddScaled(momentum, this.nesterov ? this.eta * this.beta : this.eta, model);
    }
}
