using System.Numerics.Tensors;

namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>The point whose weighted distances to all updates add up to least, by smoothed Weiszfeld steps: z ← Σ bᵢ xᵢ / Σ bᵢ, bᵢ = aᵢ / max(ν, ‖z − xᵢ‖₂), from the weighted mean.</summary>
/// <remarks>Each step reads the updates twice. It ends when no value moves by more than the tolerance, or after the given number of steps.</remarks>
/// <seealso href="https://arxiv.org/abs/1912.13445">Pillutla, Kakade and Harchaoui 2022, algorithm 2</seealso>
public sealed class GeometricMedian : IRobustRule
{
    private readonly IReadOnlyList<long>? weights;
    private readonly double smoothing;
    private readonly double tolerance;
    private readonly int steps;

    /// <param name="weights">a, how much each update counts; null for alike.</param>
    /// <param name="smoothing">ν, above 0: distances below it count as it.</param>
    /// <param name="steps">The most steps made; the authors find a handful enough.</param>
    /// <param name="tolerance">A step that moves no value by more than this is the last; at least 0.</param>
    public GeometricMedian(IReadOnlyList<long>? weights = null, double smoothing = 1e-6, int steps = 100, double tolerance = 1e-6)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(smoothing);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegative(tolerance);
        if (weights is not null && (weights.Count == 0 || weights.Any(weight => weight <= 0)))
        {
            throw new ArgumentException("weights must be positive", nameof(weights));
        }

        (this.weights, this.smoothing, this.steps, this.tolerance) = (weights, smoothing, steps, tolerance);
    }

    /// <inheritdoc/>
    public int MinimumCount => 1;

    /// <inheritdoc/>
    public void Aggregate(IUpdateRows rows, Span<float> result)
    {
        if (this.weights is not null && this.weights.Count != rows.Count)
        {
            throw new ArgumentException($"{this.weights.Count} weights for {rows.Count} updates", nameof(rows));
        }

        var tile = new UpdateTile(rows, result.Length, MinimumCount);
        double[] weights = [.. Enumerable.Range(0, rows.Count).Select(row => (double)(this.weights?[row] ?? 1))];
        var (point, moved) = (new double[rows.Length], double.PositiveInfinity);
        Mean(tile, weights, point);
        for (var step = 0; step < this.steps && moved > this.tolerance; step++)
        {
            moved = Mean(tile, Attraction(tile, weights, point), point);
        }

        TensorPrimitives.ConvertSaturating<double, float>(point, result);
    }

    private double[] Attraction(UpdateTile tile, double[] weights, double[] point)
    {
        var squares = new double[weights.Length];
        while (tile.MoveNext())
        {
            for (var row = 0; row < weights.Length; row++)
            {
                var distance = TensorPrimitives.Distance<double>(tile[row], point.AsSpan(tile.Offset, tile.Length));
                squares[row] += distance * distance;
            }
        }

        return [.. weights.Select((weight, row) => weight / Math.Max(this.smoothing, Math.Sqrt(squares[row])))];
    }

    // The weighted mean of all updates; returns the largest move of a value.
    private static double Mean(UpdateTile tile, double[] weights, double[] point)
    {
        var (total, moved) = (weights.Sum(), 0.0);
        double[] shares = [.. weights.Select(weight => weight / total)];
        while (tile.MoveNext())
        {
            var sum = tile.Sum(shares);
            var place = point.AsSpan(tile.Offset, tile.Length);
            TensorPrimitives.Subtract(place, sum, place);
            moved = Math.Max(moved, Math.Abs(TensorPrimitives.MaxMagnitude<double>(place)));
            sum.CopyTo(place);
        }

        return moved;
    }
}
