using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>Clients that do more steps pull no harder: x ← x + τ_eff Σ pᵢ (yᵢ − x) / ‖aᵢ‖₁, τ_eff = Σ pᵢ ‖aᵢ‖₁.</summary>
/// <remarks>The round's mean is of changes already divided by ‖aᵢ‖₁ (<see cref="Corrections.FedNovaClient"/>), its <see cref="RoundChange.MeanWork"/> is τ_eff.</remarks>
/// <seealso href="https://arxiv.org/abs/2007.07481">Wang et al. 2020, section 4</seealso>
public sealed class FedNovaServer(ParameterLayout layout) : ServerOptimizer(layout)
{
    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model) => ParameterMath.AddScaled(round.Mean, (float)round.MeanWork, model);
}
