using FlameEdge.Models;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>The reference data's protocol "DET-FedAvg", written down once more and independently: softmax regression in double, full-batch steps, weighted average.</summary>
internal sealed class SoftmaxReference(int features, int classes)
{
    // [features + 1, classes], the last row is the bias.
    private double[] _parameters = new double[(features + 1) * classes];

    public static IEnumerable<(double Accuracy, double Loss, double Norm)> Curve(
        IReadOnlyList<Dataset> clients, Dataset test, double learningRate, int steps, int rounds)
    {
        var model = new SoftmaxReference(test.FeatureCount, test.ClassCount);
        for (var round = 0; round < rounds; round++)
        {
            model.Round(clients, learningRate, steps);
            yield return model.Score(test);
        }
    }

    public void Round(IReadOnlyList<Dataset> clients, double learningRate, int steps)
    {
        var total = clients.Sum(client => (double)client.Count);
        var next = new double[_parameters.Length];
        foreach (var client in clients)
        {
            var local = (double[])_parameters.Clone();
            for (var step = 0; step < steps; step++)
            {
                Step(client, local, learningRate);
            }

            for (var i = 0; i < next.Length; i++)
            {
                next[i] += local[i] * client.Count / total;
            }
        }

        _parameters = next;
    }

    public (double Accuracy, double Loss, double Norm) Score(Dataset test)
    {
        var (right, loss) = (0, 0.0);
        var probabilities = new double[classes];
        for (var row = 0; row < test.Count; row++)
        {
            Probabilities(test, row, _parameters, probabilities);
            var label = test.Labels.Span[row];
            right += Array.IndexOf(probabilities, probabilities.Max()) == label ? 1 : 0;
            loss -= Math.Log(probabilities[label]);
        }

        return ((double)right / test.Count, loss / test.Count, Math.Sqrt(_parameters.Sum(value => value * value)));
    }

    private void Step(Dataset data, double[] parameters, double learningRate)
    {
        var gradient = new double[parameters.Length];
        var errors = new double[classes];
        for (var row = 0; row < data.Count; row++)
        {
            Probabilities(data, row, parameters, errors);
            errors[data.Labels.Span[row]] -= 1;
            var x = data.Features.Span.Slice(row * features, features);
            for (var f = 0; f <= features; f++)
            {
                var value = f < features ? x[f] : 1.0;
                for (var c = 0; c < classes && value != 0; c++)
                {
                    gradient[(f * classes) + c] += value * errors[c];
                }
            }
        }

        for (var i = 0; i < parameters.Length; i++)
        {
            parameters[i] -= learningRate * gradient[i] / data.Count;
        }
    }

    private void Probabilities(Dataset data, int row, double[] parameters, double[] result)
    {
        parameters.AsSpan(features * classes, classes).CopyTo(result);
        var x = data.Features.Span.Slice(row * features, features);
        for (var f = 0; f < features; f++)
        {
            var value = (double)x[f];
            for (var c = 0; c < classes && value != 0; c++)
            {
                result[c] += value * parameters[(f * classes) + c];
            }
        }

        var largest = result.Max();
        var sum = 0.0;
        for (var c = 0; c < classes; c++)
        {
            sum += result[c] = Math.Exp(result[c] - largest);
        }

        for (var c = 0; c < classes; c++)
        {
            result[c] /= sum;
        }
    }
}
