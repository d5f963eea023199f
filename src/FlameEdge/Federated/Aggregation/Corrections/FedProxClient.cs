using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>A pull towards the received model x: gradient + μ (y − x). The server is <see cref="FedAvg"/>.</summary>
/// <seealso href="https://arxiv.org/abs/1812.06127">Li et al. 2020, equation 2 and algorithm 2</seealso>
public sealed class FedProxClient : ClientCorrection
{
    /// <param name="layout">The model's.</param>
    /// <param name="mu">μ, at least 0; with 0 it is FedAvg's client.</param>
    public FedProxClient(ParameterLayout layout, double mu)
        : base(layout)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mu);
        Proximal = mu;
    }

    /// <inheritdoc/>
    public override double Proximal { get; }
}
