using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>The mean of updates scaled down to a norm where they are longer: each times min(1, C / ‖update‖₂).</summary>
/// <remarks>Where updates are folded into a running sum, <see cref="Clip"/> alone does it, one update at a time.</remarks>
/// <seealso href="https://arxiv.org/abs/1911.07963">Sun et al. 2019, norm clipping</seealso>
public sealed class NormClipping : IRobustRule
{
    private readonly double limit;
    private readonly IReadOnlyList<long>? weights;

    /// <param name="limit">C, above 0.</param>
    /// <param name="weights">How much each update counts, such as its samples; null for alike.</param>
    public NormClipping(double limit, IReadOnlyList<long>? weights = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (weights is not null && (weights.Count == 0 || weights.Any(weight => weight <= 0)))
        {
            throw new ArgumentException("weights must be positive", nameof(weights));
        }

        (this.limit, this.weights) = (limit, weights);
    }

    /// <inheritdoc/>
    public int MinimumCount => 1;

    /// <summary>What an update of this norm is multiplied by, in (0, 1].</summary>
    public static double Factor(double norm, double limit) => norm <= limit ? 1 : limit / norm;

    /// <summary>Scales an update down to the limit and returns its norm before.</summary>
    public static double Clip(Span<float> update, double limit)
    {
        var norm = Parameters.ParameterMath.Norm(update);
        if (norm > limit)
        {
            TensorPrimitives.Multiply(update, (float)Factor(norm, limit), update);
        }

        return norm;
    }

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        if (this.weights is not null && this.weights.Count != rows.Count)
        {
            throw new ArgumentException($"{this.weights.Count} weights for {rows.Count} updates", nameof(rows));
        }

        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        var squares = new double[rows.Count];
        while (tile.MoveNext())
        {
            for (var row = 0; row < squares.Length; row++)
            {
                squares[row] += TensorPrimitives.SumOfSquares<double>(tile[row]);
            }
        }

        var total = this.weights?.Sum(weight => (double)weight) ?? rows.Count;
        double[] factors = [.. squares.Select((square, row) => Factor(Math.Sqrt(square), this.limit) * (this.weights?[row] ?? 1) / total)];
        while (tile.MoveNext())
        {
            TensorPrimitives.ConvertSaturating<double, float>(tile.Sum(factors), result.Slice(tile.Offset, tile.Length));
        }
    }
}
