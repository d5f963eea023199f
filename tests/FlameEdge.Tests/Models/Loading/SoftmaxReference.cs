using System.Numerics.Tensors;
using FlameEdge.Models;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>The reference data's protocol "DET-FedAvg", written down once more and independently: softmax regression in double, full-batch steps, weighted average.</summary>
internal sealed class SoftmaxReference
{
    private readonly int _classes;

    // [features + 1][classes], the last row is the bias.
    private double[][] _parameters;

    private SoftmaxReference(int features, int classes)
    {
        _classes = classes;
        _parameters = Zeros(features + 1, classes);
    }

    public static IEnumerable<(double Accuracy, double Loss, double Norm)> Curve(
        IReadOnlyList<Dataset> clients, Dataset test, double learningRate, int steps, int rounds)
    {
        var model = new SoftmaxReference(test.FeatureCount, test.ClassCount);
        var clientColumns = clients.Select(Columns).ToList();
        var testColumns = Columns(test);
        for (var round = 0; round < rounds; round++)
        {
            model.Round(clients, clientColumns, learningRate, steps);
            yield return model.Score(test, testColumns);
        }
    }

    private void Round(IReadOnlyList<Dataset> clients, List<double[][]> columns, double learningRate, int steps)
    {
        var total = clients.Sum(client => (double)client.Count);
        var next = Zeros(_parameters.Length, _classes);
        for (var i = 0; i < clients.Count; i++)
        {
            var local = _parameters.Select(row => (double[])row.Clone()).ToArray();
            for (var step = 0; step < steps; step++)
            {
                Step(clients[i], columns[i], local, learningRate);
            }

            for (var f = 0; f < next.Length; f++)
            {
                TensorPrimitives.MultiplyAdd(local[f], clients[i].Count / total, next[f], next[f]);
            }
        }

        _parameters = next;
    }

    private (double Accuracy, double Loss, double Norm) Score(Dataset test, double[][] columns)
    {
        var probabilities = Probabilities(columns, _parameters);
        var (right, loss) = (0, 0.0);
        var row = new double[_classes];
        for (var i = 0; i < test.Count; i++)
        {
            for (var c = 0; c < _classes; c++)
            {
                row[c] = probabilities[c][i];
            }

            var label = test.Labels.Span[i];
            right += TensorPrimitives.IndexOfMax<double>(row) == label ? 1 : 0;
            loss -= Math.Log(row[label]);
        }

        return ((double)right / test.Count, loss / test.Count, Math.Sqrt(_parameters.Sum(values => TensorPrimitives.SumOfSquares<double>(values))));
    }

    private void Step(Dataset data, double[][] columns, double[][] parameters, double learningRate)
    {
        var errors = Probabilities(columns, parameters);
        for (var row = 0; row < data.Count; row++)
        {
            errors[data.Labels.Span[row]][row] -= 1;
        }

        for (var f = 0; f < parameters.Length; f++)
        {
            for (var c = 0; c < _classes; c++)
            {
                parameters[f][c] -= learningRate * TensorPrimitives.Dot<double>(columns[f], errors[c]) / data.Count;
            }
        }
    }

    // [classes][rows]
    private double[][] Probabilities(double[][] columns, double[][] parameters)
    {
        var rows = columns[0].Length;
        var scores = Zeros(_classes, rows);
        var largest = new double[rows];
        var sum = new double[rows];
        Array.Fill(largest, double.NegativeInfinity);
        foreach (var (c, score) in scores.Index())
        {
            for (var f = 0; f < columns.Length; f++)
            {
                TensorPrimitives.MultiplyAdd(columns[f], parameters[f][c], score, score);
            }

            TensorPrimitives.Max(largest, score, largest);
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

        return scores;
    }

    // [features + 1][rows]: one array per feature, and one of ones for the bias.
    private static double[][] Columns(Dataset data)
    {
        var columns = Zeros(data.FeatureCount + 1, data.Count);
        var features = data.Features.Span;
        for (var row = 0; row < data.Count; row++)
        {
            for (var f = 0; f < data.FeatureCount; f++)
            {
                columns[f][row] = features[(row * data.FeatureCount) + f];
            }
        }

        Array.Fill(columns[^1], 1);
        return columns;
    }

    private static double[][] Zeros(int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => new double[columns])];
}
