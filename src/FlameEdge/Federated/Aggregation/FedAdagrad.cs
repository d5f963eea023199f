using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Squared changes add up: v ← v + D².</summary>
/// <seealso href="https://arxiv.org/abs/2003.00295">Reddi et al. 2021, algorithm 2, FedAdagrad</seealso>
public sealed class FedAdagrad : AdaptiveOptimizer
{
    /// <inheritdoc/>
    /// <remarks>The paper's FedAdagrad has β₁ = 0.</remarks>
    public FedAdagrad(ParameterLayout layout, double eta = 0.1, double beta1 = 0, double tau = 1e-3, double? initialV = null)
        : base(layout, eta, beta1, tau, initialV)
    {
    }

    /// <inheritdoc/>
    protected override void AddSquares(Span<float> squares, Span<float> v) => TensorPrimitives.Add(v, squares, v);
}
