using FlameEdge.Federated.Fairness;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>The server's part of FedGFT: x ← x + η D, and the clients' mean terms go out with the next model, which tells every client how the bias of all moves.</summary>
/// <seealso href="https://arxiv.org/abs/2305.09931">Wang et al. 2023</seealso>
/// <param name="layout">The model's.</param>
/// <param name="eta">η of the server, above 0.</param>
public sealed class FedGftServer(ParameterLayout layout, double eta = 1) : IServerOptimizer
{
    private readonly FedAvg average = new(layout, eta);
    private readonly float[] terms = new float[FairnessTerms.Count];

    /// <inheritdoc/>
    public UpdateWeighting Weighting => average.Weighting;

    /// <inheritdoc/>
    public IReadOnlyList<StateVector> State => [new("fairness", terms)];

    /// <inheritdoc/>
    public ReadOnlyMemory<float> Shared => terms;

    /// <inheritdoc/>
    public void Step(in RoundChange round, Span<float> model)
    {
        if (round.MeanBeside.Length != terms.Length)
        {
            throw new ArgumentException($"{round.MeanBeside.Length} values came beside the change, and FedGFT has {terms.Length} terms", nameof(round));
        }

        average.Step(round, model);
        round.MeanBeside.CopyTo(terms);
    }
}
