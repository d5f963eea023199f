using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>The server's part of SCAFFOLD: x ← x + η mean(y − x); c ← c + |S|/N mean(cᵢ⁺ − cᵢ). Updates count alike; c travels with the model.</summary>
/// <seealso href="https://arxiv.org/abs/1910.06378">Karimireddy et al. 2020, algorithm 1, lines 16 and 17 (equation 5)</seealso>
public sealed class ScaffoldServer : ServerOptimizer
{
    private readonly float eta;
    private readonly Memory<float> c;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η of the server, above 0.</param>
    public ScaffoldServer(ParameterLayout layout, double eta = 1)
        : base(layout)
    {
        this.eta = Require(eta, eta > 0, nameof(eta), "above 0");
        this.c = AddState("c");
    }

    /// <inheritdoc/>
    public override UpdateWeighting Weighting { get; init; } = UpdateWeighting.Uniform;

    /// <inheritdoc/>
    public override ReadOnlyMemory<float> Shared => this.c;

    /// <inheritdoc/>
    protected override bool NeedsSecond => true;

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model)
    {
        ParameterMath.AddScaled(round.Mean, this.eta, model);
        ParameterMath.AddScaled(round.MeanSecond, (float)round.Participation, this.c.Span.Slice(offset, model.Length));
    }
}
