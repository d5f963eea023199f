using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Momentum of the server: u ← β u + D; x ← x + η u, or x ← x + η (D + β u) with Nesterov. No dampening.</summary>
/// <seealso href="https://arxiv.org/abs/1909.06335">Hsu, Qi and Brown 2019, section 4.3</seealso>
public sealed class FedAvgM : ServerOptimizer
{
    private readonly float _eta;
    private readonly float _beta;
    private readonly bool _nesterov;
    private readonly Memory<float> _momentum;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    /// <param name="beta">β, in [0, 1).</param>
    /// <param name="nesterov">True for a step that looks one momentum ahead.</param>
    public FedAvgM(ParameterLayout layout, double eta = 1, double beta = 0.9, bool nesterov = false)
        : base(layout)
    {
        _eta = Require(eta, eta > 0, nameof(eta), "above 0");
        _beta = Require(beta, beta is >= 0 and < 1, nameof(beta), "in [0, 1)");
        _nesterov = nesterov;
        _momentum = AddState("momentum");
    }

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model)
    {
        var momentum = _momentum.Span.Slice(offset, model.Length);
        TensorPrimitives.MultiplyAdd(momentum, _beta, round.Mean, momentum);
        if (_nesterov)
        {
            ParameterMath.AddScaled(round.Mean, _eta, model);
        }

        ParameterMath.AddScaled(momentum, _nesterov ? _eta * _beta : _eta, model);
    }
}
