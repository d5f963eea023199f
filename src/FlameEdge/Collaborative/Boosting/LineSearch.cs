using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Boosting's line search: how much each stage of a class counts, by ridge logistic regression of σ(Σ κ s + δ) on the target's rows (§5.1, our design).</summary>
public static class LineSearch
{
    private const double SlopeStrength = 4;
    private const double OffsetStrength = 1;
    private const float LeastSlope = 0.2f;
    private const int Steps = 8;
    private const int Halvings = 12;

    /// <summary>Fits κ of every stage and the sum of their δ, by Newton's method from the prior (1 shared among the stages, 0).</summary>
    /// <param name="stages">The stages of one class.</param>
    /// <param name="positives">Raw scores of rows of the class: [stages][rows].</param>
    /// <param name="negatives">Raw scores of other rows: [stages][rows].</param>
    public static void Fit(IReadOnlyList<Stage> stages, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var size = stages.Count + 1;
        var prior = new double[size];
        prior.AsSpan(0, stages.Count).Fill(1.0 / stages.Count);
        var fitted = positives[0].Length == 0 || negatives[0].Length == 0 ? prior : Newton(prior, positives, negatives);
        for (var i = 0; i < stages.Count; i++)
        {
            stages[i].Slope = Math.Max(LeastSlope, (float)fitted[i]);
            stages[i].Offset = (float)fitted[^1] / stages.Count;
            stages[i].OffsetVelocity = 0;
        }
    }

    // A step that does not lower the loss is halved: far from the optimum, where all scores are saturated, Newton's own step leaps beyond it.
    private static double[] Newton(double[] prior, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var fitted = (double[])prior.Clone();
        var loss = Loss(fitted, prior, positives, negatives);
        for (var step = 0; step < Steps; step++)
        {
            var move = Move(fitted, prior, positives, negatives);
            var factor = 1.0;
            for (var halving = 0; halving < Halvings; halving++, factor /= 2)
            {
                double[] tried = [.. fitted.Zip(move, (value, change) => value - (factor * change))];
                var lower = Loss(tried, prior, positives, negatives);
                if (lower <= loss)
                {
                    (fitted, loss) = (tried, lower);
                    break;
                }
            }
        }

        return fitted;
    }

    private static double[] Move(double[] fitted, double[] prior, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var (gradient, curvature) = (new double[fitted.Length], new double[fitted.Length, fitted.Length]);
        for (var i = 0; i < fitted.Length; i++)
        {
            gradient[i] = Strength(i, fitted) * (fitted[i] - prior[i]);
            curvature[i, i] = Strength(i, fitted);
        }

        Gather(fitted, positives, 1, 1, gradient, curvature);
        Gather(fitted, negatives, 0, NegativeWeight(positives, negatives), gradient, curvature);
        return Solve(curvature, gradient);
    }

    private static double Loss(double[] fitted, double[] prior, IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives)
    {
        var loss = 0.0;
        for (var i = 0; i < fitted.Length; i++)
        {
            loss += Strength(i, fitted) * (fitted[i] - prior[i]) * (fitted[i] - prior[i]) / 2;
        }

        return loss + Misfit(fitted, positives, -1) + (NegativeWeight(positives, negatives) * Misfit(fitted, negatives, 1));
    }

    private static double Strength(int i, double[] fitted) => i < fitted.Length - 1 ? SlopeStrength : OffsetStrength;

    // Both sides weigh as much as there are positives: one example must not outvote the packet's calibration.
    private static double NegativeWeight(IReadOnlyList<float[]> positives, IReadOnlyList<float[]> negatives) => (double)positives[0].Length / negatives[0].Length;

    private static double Misfit(double[] fitted, IReadOnlyList<float[]> scores, int sign)
    {
        var loss = 0.0;
        for (var row = 0; row < scores[0].Length; row++)
        {
            var score = sign * Score(fitted, scores, row);
            loss += score > 30 ? score : Math.Log(1 + Math.Exp(score));
        }

        return loss;
    }

    private static double Score(double[] fitted, IReadOnlyList<float[]> scores, int row)
    {
        var score = fitted[^1];
        for (var i = 0; i < scores.Count; i++)
        {
            score += fitted[i] * Math.Clamp(scores[i][row], -Stage.Clip, Stage.Clip);
        }

        return score;
    }

    private static void Gather(double[] fitted, IReadOnlyList<float[]> scores, double target, double weight, double[] gradient, double[,] curvature)
    {
        var inputs = new double[fitted.Length];
        inputs[^1] = 1;
        for (var row = 0; row < scores[0].Length; row++)
        {
            for (var i = 0; i < scores.Count; i++)
            {
                inputs[i] = Math.Clamp(scores[i][row], -Stage.Clip, Stage.Clip);
            }

            var share = 1 / (1 + Math.Exp(-Score(fitted, scores, row)));
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
