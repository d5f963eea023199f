using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation.Corrections;

/// <summary>The client's part of SCAFFOLD: gradient − cᵢ + c, and by option II cᵢ⁺ = cᵢ − c + (x − y) / (K lr); it sends cᵢ⁺ − cᵢ too.</summary>
/// <remarks>The local steps must be plain SGD of one step size: with momentum (x − y) / (K lr) is no mean of gradients. Goes with <see cref="ScaffoldServer"/>.</remarks>
/// <seealso href="https://arxiv.org/abs/1910.06378">Karimireddy et al. 2020, algorithm 1, equations 3 and 4</seealso>
public sealed class ScaffoldClient : ClientCorrection
{
    private readonly double learningRate;
    private readonly Memory<float> own;
    private readonly float[] shared;

    /// <param name="layout">The model's.</param>
    /// <param name="learningRate">Size of the local steps, above 0.</param>
    public ScaffoldClient(ParameterLayout layout, double learningRate)
        : base(layout)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(learningRate);
        this.learningRate = learningRate;
        own = AddState("c");
        this.shared = new float[layout.Length];
    }

    /// <inheritdoc/>
    public override bool SendsSecond => true;

    /// <inheritdoc/>
    protected override bool Correct(ReadOnlySpan<float> shared, Span<float> correction)
    {
        Layout.RequireLength(shared);
        shared.CopyTo(this.shared);
        TensorPrimitives.Subtract(this.shared, own.Span, correction);
        return true;
    }

    /// <inheritdoc/>
    protected override double Finish(in LocalWork work, Span<float> change, Span<float> second)
    {
        second.Clear();
        var scale = -1 / (float)(work.Steps * this.learningRate);
        foreach (var run in Runs)
        {
            if (run.Kind == ParameterKind.Buffer)
            {
                continue;
            }

            // cᵢ⁺ − cᵢ = (x − y) / (K lr) − c
            var part = second.Slice(run.Offset, run.Length);
            ParameterMath.AddScaled(change.Slice(run.Offset, run.Length), scale, part);
            TensorPrimitives.Subtract(part, this.shared.AsSpan(run.Offset, run.Length), part);
            ParameterMath.AddScaled(part, 1, own.Span.Slice(run.Offset, run.Length));
        }

        return 1;
    }
}
