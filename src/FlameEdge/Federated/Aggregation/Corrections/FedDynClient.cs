using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>The client's part of dynamic regularization: gradient − g + α (y − θ), and afterwards g ← g − α (y − θ).</summary>
/// <remarks>The paper's argmin of the local problem is what the local steps approach. Goes with <see cref="FedDynServer"/>.</remarks>
/// <seealso href="https://arxiv.org/abs/2111.04263">Acar et al. 2021, algorithm 1</seealso>
public sealed class FedDynClient : ClientCorrection
{
    private readonly Memory<float> gradient;

    /// <param name="layout">The model's.</param>
    /// <param name="alpha">α, above 0.</param>
    public FedDynClient(ParameterLayout layout, double alpha = 0.01)
        : base(layout)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alpha);
        Proximal = alpha;
        this.gradient = AddState("gradient");
    }

    /// <inheritdoc/>
    public override double Proximal { get; }

    /// <inheritdoc/>
    protected override bool Correct(ReadOnlySpan<float> shared, Span<float> correction)
    {
        TensorPrimitives.Negate(this.gradient.Span, correction);
        return true;
    }

    /// <inheritdoc/>
    protected override double Finish(in LocalWork work, Span<float> change, Span<float> second)
    {
        foreach (var run in Runs)
        {
            if (run.Kind == ParameterKind.Trainable)
            {
                ParameterMath.AddScaled(change.Slice(run.Offset, run.Length), -(float)Proximal, this.gradient.Span.Slice(run.Offset, run.Length));
            }
        }

        return 1;
    }
}
