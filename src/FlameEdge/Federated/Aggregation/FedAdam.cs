using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Squared changes fade: v ← β₂ v + (1 − β₂) D².</summary>
/// <seealso href="https://arxiv.org/abs/2003.00295">Reddi et al. 2021, algorithm 2, FedAdam</seealso>
public sealed class FedAdam : AdaptiveOptimizer
{
    private readonly float beta2;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="beta2">β₂, in [0, 1).</param>
    /// <param name="tau">τ, above 0.</param>
    /// <param name="initialV">v at the start, at least 0; null for τ².</param>
    public FedAdam(ParameterLayout layout, double eta = 0.1, double beta1 = 0.9, double beta2 = 0.99, double tau = 1e-3, double? initialV = null)
        : base(layout, eta, beta1, tau, initialV) => this.beta2 = Require(beta2, beta2 is >= 0 and < 1, nameof(beta2), "in [0, 1)");

    /// <inheritdoc/>
    protected override void AddSquares(Span<float> squares, Span<float> v)
    {
        TensorPrimitives.Multiply(v, this.beta2, v);
        TensorPrimitives.MultiplyAdd(squares, 1 - this.beta2, v, v);
    }
}
