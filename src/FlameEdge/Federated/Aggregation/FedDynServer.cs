using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>The server's part of dynamic regularization: h ← h − α |S|/N mean(y − θ); θ ← mean(y) − h/α. Updates count alike.</summary>
/// <remarks>N is all clients, not those of the round: with the mean over the present ones only, absent clients' drift would be forgotten.</remarks>
/// <seealso href="https://arxiv.org/abs/2111.04263">Acar et al. 2021, algorithm 1</seealso>
public sealed class FedDynServer : ServerOptimizer
{
    private readonly float alpha;
    private readonly Memory<float> h;

    /// <param name="layout">The model's.</param>
    /// <param name="alpha">α, above 0; that of the clients.</param>
    public FedDynServer(ParameterLayout layout, double alpha = 0.01)
        : base(layout)
    {
        this.alpha = Require(alpha, alpha > 0, nameof(alpha), "above 0");
        this.h = AddState("h");
    }

    /// <inheritdoc/>
    public override UpdateWeighting Weighting { get; init; } = UpdateWeighting.Uniform;

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model)
    {
        var h = this.h.Span.Slice(offset, model.Length);
        ParameterMath.AddScaled(round.Mean, -this.alpha * (float)round.Participation, h);
        ParameterMath.AddScaled(round.Mean, 1, model);
        ParameterMath.AddScaled(h, -1 / this.alpha, model);
    }
}
