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

    private readonly float _eta;
    private readonly float _beta1;
    private readonly float _tau;
    private readonly Memory<float> _first;
    private readonly Memory<float> _second;

    /// <param name="layout">The model's.</param>
    /// <param name="eta">η, above 0.</param>
    /// <param name="beta1">β₁, in [0, 1).</param>
    /// <param name="tau">τ, above 0: the degree of adaptivity.</param>
    /// <param name="initialV">Every value of v at the start, at least 0; null for the paper's least, τ².</param>
    protected AdaptiveOptimizer(ParameterLayout layout, double eta, double beta1, double tau, double? initialV)
        : base(layout)
    {
        _eta = Require(eta, eta > 0, nameof(eta), "above 0");
        _beta1 = Require(beta1, beta1 is >= 0 and < 1, nameof(beta1), "in [0, 1)");
        _tau = Require(tau, tau > 0, nameof(tau), "above 0");
        var start = initialV ?? tau * tau;
        _first = AddState("m");
        _second = AddState("v", Require(start, start >= 0, nameof(initialV), "at least 0"));
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
            var first = _first.Span.Slice(offset + from, length);
            var second = _second.Span.Slice(offset + from, length);
            TensorPrimitives.Multiply(first, _beta1, first);
            TensorPrimitives.MultiplyAdd(change, 1 - _beta1, first, first);

            TensorPrimitives.Multiply(change, change, scratch);
            AddSquares(scratch, second);

            TensorPrimitives.Sqrt(second, scratch);
            TensorPrimitives.Add(scratch, _tau, scratch);
            TensorPrimitives.Divide(first, scratch, scratch);
            ParameterMath.AddScaled(scratch, _eta, model.Slice(from, length));
        }
    }

    /// <summary>The rule's v from D²; <paramref name="squares"/> may be overwritten.</summary>
    protected abstract void AddSquares(Span<float> squares, Span<float> v);
}
