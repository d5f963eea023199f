using System.Numerics.Tensors;
using FlameEdge.Parameters;

namespace FlameEdge.Federated.Aggregation;

/// <summary>
/// An own step size per value: m ← β₁ m + (1 − β₁) D; v by the rule; x ← x + η m / (√v + τ). As published: no bias correction, τ outside the root, D (not m) in v.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2003.00295">Reddi et al. 2021, algorithm 2</seealso>
public abstract class AdaptiveOptimizer : ServerOptimizer
{
    // Temporaries of one tile stay in the first-level cache and on the stack.
    private const int TileLength = 1024;

    private readonly float eta;
    private readonly float beta1;
    private readonly float tau;
    private readonly Memory<float> first;
    private readonly Memory<float> second;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="tau">τ, above 0: the degree of adaptivity.</param>
    /// <param name="initialV">Every value of v at the start, at least 0; null for the paper's least, τ².</param>
    protected AdaptiveOptimizer(ParameterLayout layout, double eta, double beta1, double tau, double? initialV)
        : base(layout)
    {
        this.eta = Require(eta, eta > 0, nameof(eta), "above 0");
        this.beta1 = Require(beta1, beta1 is >= 0 and < 1, nameof(beta1), "in [0, 1)");
        this.tau = Require(tau, tau > 0, nameof(tau), "above 0");
        var start = initialV ?? tau * tau;
        this.first = AddState("m");
        this.second = AddState("v", Require(start, start >= 0, nameof(initialV), "at least 0"));
    }

    /// <inheritdoc/>
    protected override void StepTrained(in RoundChange round, int offset, Span<float> model)
    {
        Span<float> buffer = stackalloc float[TileLength];
        for (var from = 0; from < model.Length; from += TileLength)
        {
            var length = Math.Min(TileLength, model.Length - from);
            var scratch = buffer[..length];
            var change = round.Mean.Slice(from, length);
            var first = this.first.Span.Slice(offset + from, length);
            var second = this.second.Span.Slice(offset + from, length);
            TensorPrimitives.Multiply(first, this.beta1, first);
            TensorPrimitives.MultiplyAdd(change, 1 - this.beta1, first, first);

            TensorPrimitives.Multiply(change, change, scratch);
            AddSquares(scratch, second);

            TensorPrimitives.Sqrt(second, scratch);
            TensorPrimitives.Add(scratch, this.tau, scratch);
            TensorPrimitives.Divide(first, scratch, scratch);
            ParameterMath.AddScaled(scratch, this.eta, model.Slice(from, length));
        }
    }

    /// <summary>The rule's v from D²; <paramref name="squares"/> may be overwritten.</summary>
    protected abstract void AddSquares(Span<float> squares, Span<float> v);
}
