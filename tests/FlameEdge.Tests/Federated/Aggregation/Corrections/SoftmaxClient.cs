using System.Numerics.Tensors;
using FlameEdge.Models;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>Softmax regression of the reference data's protocol on one client's rows: gradient and score. Parameters: weight [features, classes], then bias [classes].</summary>
internal sealed class SoftmaxClient
{
    private readonly Dataset data;
    private readonly int classes;

    // [features + 1][rows]: one array per feature, and one of ones for the bias.
    private readonly double[][] columns;
    private readonly double[][] scores;

    public SoftmaxClient(Dataset data)
    {
        (this.data, this.classes) = (data, data.ClassCount);
        columns = [.. Enumerable.Range(0, data.FeatureCount).Select(Column), [.. Enumerable.Repeat(1.0, data.Count)]];
        scores = [.. Enumerable.Range(0, this.classes).Select(_ => new double[data.Count])];
    }

    public int Count => this.data.Count;

    public ParameterLayout Layout => ParameterLayout.Of([("weight", [this.data.FeatureCount, this.classes], ParameterKind.Trainable), ("bias", [this.classes], ParameterKind.Trainable)]);

    public void Gradient(ReadOnlySpan<float> parameters, Span<double> gradient)
    {
        Probabilities(parameters);
        for (var row = 0; row < Count; row++)
        {
            scores[this.data.Labels.Span[row]][row] -= 1;
        }

        for (var f = 0; f < columns.Length; f++)
        {
            for (var c = 0; c < this.classes; c++)
            {
                gradient[(f * this.classes) + c] = TensorPrimitives.Dot<double>(columns[f], scores[c]) / Count;
            }
        }
    }

    /// <summary>Accuracy (lowest index on ties) and mean cross-entropy, nats.</summary>
    public (double Accuracy, double Loss) Score(ReadOnlySpan<float> parameters)
    {
        Probabilities(parameters);
        var (right, loss) = (0, 0.0);
        for (var row = 0; row < Count; row++)
        {
            var (best, label) = (0, this.data.Labels.Span[row]);
            for (var c = 1; c < this.classes; c++)
            {
                best = scores[c][row] > scores[best][row] ? c : best;
            }

            right += best == label ? 1 : 0;
            loss -= Math.Log(scores[label][row]);
        }

        return ((double)right / Count, loss / Count);
    }

    private void Probabilities(ReadOnlySpan<float> parameters)
    {
        var (largest, sum) = (new double[Count], new double[Count]);
        Array.Fill(largest, double.NegativeInfinity);
        for (var c = 0; c < this.classes; c++)
        {
            Array.Clear(scores[c]);
            for (var f = 0; f < columns.Length; f++)
            {
                TensorPrimitives.MultiplyAdd(columns[f], parameters[(f * this.classes) + c], scores[c], scores[c]);
            }

            TensorPrimitives.Max(largest, scores[c], largest);
        }

        foreach (var score in scores)
        {
            TensorPrimitives.Subtract(score, largest, score);
            TensorPrimitives.Exp<double>(score, score);
            TensorPrimitives.Add(sum, score, sum);
        }

        foreach (var score in scores)
        {
            TensorPrimitives.Divide(score, sum, score);
        }
    }

    private double[] Column(int feature) => [.. Enumerable.Range(0, Count).Select(row => (double)this.data.Features.Span[(row * this.data.FeatureCount) + feature])];
}
