using System.Numerics.Tensors;
using FlameEdge.Models;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>Softmax regression of the reference data's protocol on one client's rows: gradient and score. Parameters: weight [features, classes], then bias [classes].</summary>
internal sealed class SoftmaxClient
{
    private readonly Dataset _data;
    private readonly int _classes;

    // [features + 1][rows]: one array per feature, and one of ones for the bias.
    private readonly double[][] _columns;
    private readonly double[][] _scores;

    public SoftmaxClient(Dataset data)
    {
        (_data, _classes) = (data, data.ClassCount);
        _columns = [.. Enumerable.Range(0, data.FeatureCount).Select(Column), [.. Enumerable.Repeat(1.0, data.Count)]];
        _scores = [.. Enumerable.Range(0, _classes).Select(_ => new double[data.Count])];
    }

    public int Count => _data.Count;

    public ParameterLayout Layout => ParameterLayout.Of([("weight", [_data.FeatureCount, _classes], ParameterKind.Trainable), ("bias", [_classes], ParameterKind.Trainable)]);

    public void Gradient(ReadOnlySpan<float> parameters, Span<double> gradient)
    {
        Probabilities(parameters);
        for (var row = 0; row < Count; row++)
        {
            _scores[_data.Labels.Span[row]][row] -= 1;
        }

        for (var f = 0; f < _columns.Length; f++)
        {
            for (var c = 0; c < _classes; c++)
            {
                gradient[(f * _classes) + c] = TensorPrimitives.Dot<double>(_columns[f], _scores[c]) / Count;
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
            var (best, label) = (0, _data.Labels.Span[row]);
            for (var c = 1; c < _classes; c++)
            {
                best = _scores[c][row] > _scores[best][row] ? c : best;
            }

            right += best == label ? 1 : 0;
            loss -= Math.Log(_scores[label][row]);
        }

        return ((double)right / Count, loss / Count);
    }

    private void Probabilities(ReadOnlySpan<float> parameters)
    {
        var (largest, sum) = (new double[Count], new double[Count]);
        Array.Fill(largest, double.NegativeInfinity);
        for (var c = 0; c < _classes; c++)
        {
            Array.Clear(_scores[c]);
            for (var f = 0; f < _columns.Length; f++)
            {
                TensorPrimitives.MultiplyAdd(_columns[f], parameters[(f * _classes) + c], _scores[c], _scores[c]);
            }

            TensorPrimitives.Max(largest, _scores[c], largest);
        }

        foreach (var score in _scores)
        {
            TensorPrimitives.Subtract(score, largest, score);
            TensorPrimitives.Exp<double>(score, score);
            TensorPrimitives.Add(sum, score, sum);
        }

        foreach (var score in _scores)
        {
            TensorPrimitives.Divide(score, sum, score);
        }
    }

    private double[] Column(int feature) => [.. Enumerable.Range(0, Count).Select(row => (double)_data.Features.Span[(row * _data.FeatureCount) + feature])];
}
