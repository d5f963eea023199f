using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Boosting's line search: how much each stage of a class counts, by ridge logistic regression of σ(Σ κ s + δ) on the target's rows (§5.1, our design).</summary>
public static class LineSearch
{
    private const double SlopeStrength = 4;
    private const double OffsetStrength = 1;
    private const float LeastSlope = 0.2f;
    private const int Steps = 8;

    /// <summary>Fits κ of every stage and the sum of their δ, by Newton's method from the prior (1 shared among the stages, 0).</summary>
    /// <param name="stages">The stages of one class.</param>
    /// <param name="positives">Raw scores of rows of the class: [stages][rows].</param>
    /// <param name="negatives">Raw scores of other rows: [stages][rows].</param>
    public static void Fit(IReadOnlyList<Stage> stages, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var size = stages.Count + 1;
        var prior = new double[size];
        prior.AsSpan(0, stages.Count).Fill(1.0 / stages.Count);
        var fitted = (double[])prior.Clone();
        for (var step = 0; step < Steps && positives[0].Length > 0 && negatives[0].Length > 0; step++)
        {
            var (gradient, curvature) = (new double[size], new double[size, size]);
            for (var i = 0; i < size; i++)
            {
                var strength = i < stages.Count ? SlopeStrength : OffsetStrength;
                gradient[i] = strength * (fitted[i] - prior[i]);
                curvature[i, i] = strength;
            }

            // Both sides weigh as much as there are positives: one example must not outvote the packet's calibration.
            Gather(fitted, positives, 1, 1, gradient, curvature);
            Gather(fitted, negatives, 0, (double)positives[0].Length / negatives[0].Length, gradient, curvature);
            var move = Solve(curvature, gradient);
            for (var i = 0; i < size; i++)
            {
                fitted[i] -= move[i];
            }
        }

        for (var i = 0; i < stages.Count; i++)
        {
            stages[i].Slope = Math.Max(LeastSlope, (float)fitted[i]);
            stages[i].Offset = (float)fitted[^1] / stages.Count;
            stages[i].OffsetVelocity = 0;
        }
    }

    private static void Gather(double[] fitted, IReadOnlyList<float[]> scores, double target, double weight, double[] gradient, double[,] curvature)
    {
        var inputs = new double[fitted.Length];
        for (var row = 0; row < scores[0].Length; row++)
        {
            var score = fitted[^1];
            for (var i = 0; i < scores.Count; i++)
            {
                inputs[i] = Math.Clamp(scores[i][row], -Stage.Clip, Stage.Clip);
                score += fitted[i] * inputs[i];
            }

            inputs[^1] = 1;
            var share = 1 / (1 + Math.Exp(-score));
            for (var i = 0; i < inputs.Length; i++)
            {
                gradient[i] += weight * (share - target) * inputs[i];
                for (var j = 0; j < inputs.Length; j++)
                {
                    curvature[i, j] += weight * share * (1 - share) * inputs[i] * inputs[j];
                }
            }
        }
    }

    // Gauss without pivoting: the ridge keeps the matrix positive definite.
    private static double[] Solve(double[,] matrix, double[] right)
    {
        var size = right.Length;
        for (var pivot = 0; pivot < size; pivot++)
        {
            for (var row = pivot + 1; row < size; row++)
            {
                var factor = matrix[row, pivot] / matrix[pivot, pivot];
                for (var column = pivot; column < size; column++)
                {
                    matrix[row, column] -= factor * matrix[pivot, column];
                }

                right[row] -= factor * right[pivot];
            }
        }

        for (var row = size - 1; row >= 0; row--)
        {
            for (var column = row + 1; column < size; column++)
            {
                right[row] -= matrix[row, column] * right[column];
            }

            right[row] /= matrix[row, row];
        }

        return right;
    }
}
