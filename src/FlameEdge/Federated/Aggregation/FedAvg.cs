using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>The mean itself: x ← x + η D. With η = 1, the mean of the clients' models.</summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1; η as in Reddi et al. 2021, algorithm 1</seealso>
public sealed class FedAvg : ServerOptimizer
{
    private readonly float eta;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    public FedAvg(ParameterLayout layout, double eta = 1)
        : base(layout) => this.eta = Require(eta, eta > 0, nameof(eta), "above 0");

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model) => ParameterMath.AddScaled(round.Mean, this.eta, model);
}
