using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Personal;

/// <summary>A personal model beside the shared one, held near it: v ← v − lr (∇F(v) + λ (v − w)), w the model received this round.</summary>
/// <remarks>
/// A trainer pulls towards what it loaded, here v: opened with proximal λ, it needs the constant λ (v − w) on top, which <see cref="Begin"/> writes. The shared
/// model is trained as ever. Not thread-safe; one per client.
/// </remarks>
/// <seealso href="https://arxiv.org/abs/2012.04221">Li et al. 2021, algorithm 1</seealso>
public sealed class Ditto
{
    private readonly ParameterLayout layout;
    private readonly float[] personal;

    /// <param name="layout">The model's.</param>
    /// <param name="lambda">λ, at least 0; 0 is training alone.</param>
    /// <param name="start">The personal model at the start.</param>
    public Ditto(ParameterLayout layout, double lambda, ReadOnlySpan<float> start)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lambda);
        layout.RequireLength(start);
        (this.layout, Lambda) = (layout, lambda);
        this.personal = start.ToArray();
        State = [new StateVector("personal", this.personal)];
    }

    /// <summary>λ: what the personal model's trainer is opened with as its proximal strength.</summary>
    public double Lambda { get; }

    /// <summary>The personal model: what the trainer loads, what predictions use, what a checkpoint keeps.</summary>
    public ReadOnlySpan<float> Personal => this.personal;

    /// <summary>What a checkpoint keeps.</summary>
    public IReadOnlyList<StateVector> State { get; }

    /// <summary>Writes the vector added to each gradient of the personal steps: λ (v − w), with v as it is before them.</summary>
    public void Begin(ReadOnlySpan<float> received, Span<float> correction)
    {
        this.layout.RequireLength(received);
        this.layout.RequireLength(correction);
        TensorPrimitives.Subtract(this.personal, received, correction);
        TensorPrimitives.Multiply(correction, (float)Lambda, correction);
    }

    /// <summary>Takes the personal model after its steps.</summary>
    public void Complete(ReadOnlySpan<float> trained)
    {
        this.layout.RequireLength(trained);
        trained.CopyTo(this.personal);
    }
}
