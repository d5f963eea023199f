using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

/// <summary>Softmax regression on full batches written out in double, with every optimizer: what the engine is measured against.</summary>
internal static class PlainSoftmax
{
    /// <summary>Parameters that are no minimum and not zero, so that decay and anchors show.</summary>
    public static float[] Start(int count) => [.. Enumerable.Range(0, count).Select(i => 0.2f * (float)Math.Cos(3 * i))];

    /// <summary>Weights [classes, features], then biases [classes], after <see cref="TrainingSpec.Epochs"/> steps from zero; and the mean loss.</summary>
    public static (double[] Parameters, double MeanLoss) Train(Dataset data, TrainingSpec training) =>
        Train(data, training, new double[data.ClassCount * (data.FeatureCount + 1)], []);

    /// <summary>The same from <see cref="Start"/>, with <paramref name="correction"/> added to every gradient.</summary>
    public static (double[] Parameters, double MeanLoss) Train(Dataset data, TrainingSpec training, float[] correction) =>
        Train(data, training, Array.ConvertAll(Start(data.ClassCount * (data.FeatureCount + 1)), value => (double)value), correction);

    private static (double[] Parameters, double MeanLoss) Train(Dataset data, TrainingSpec training, double[] parameters, float[] correction)
    {
        var anchor = (double[])parameters.Clone();
        var (first, second) = (new double[parameters.Length], new double[parameters.Length]);
        var loss = 0.0;
        for (var step = 1; step <= training.Epochs; step++)
        {
            var gradient = new double[parameters.Length];
            loss += Pass(data, parameters, gradient);
            for (var i = 0; i < parameters.Length; i++)
            {
                gradient[i] += (training.Proximal * (parameters[i] - anchor[i])) + (correction.Length > 0 ? correction[i] : 0);
            }

            Clip(gradient, training.ClipNorm);
            for (var i = 0; i < parameters.Length; i++)
            {
                parameters[i] = training.Optimizer == OptimizerKind.Sgd
                    ? Sgd(training, parameters[i], gradient[i], ref first[i])
                    : Adam(training, step, parameters[i], gradient[i], ref first[i], ref second[i]);
            }
        }

        return (parameters, loss / training.Epochs);
    }

    private static void Clip(double[] gradient, double? limit)
    {
        var norm = Math.Sqrt(gradient.Sum(value => value * value));
        var factor = Math.Min(1, (limit ?? double.PositiveInfinity) / (norm + 1e-6));
        for (var i = 0; i < gradient.Length; i++)
        {
            gradient[i] *= factor;
        }
    }

    private static double Sgd(TrainingSpec training, double p, double g, ref double v)
    {
        g += training.WeightDecay * p;
        v = (training.Momentum * v) + g;
        return p - (training.LearningRate * (training.Nesterov ? g + (training.Momentum * v) : v));
    }

    private static double Adam(TrainingSpec training, int step, double p, double g, ref double m, ref double u)
    {
        if (training.Optimizer == OptimizerKind.AdamW)
        {
            p *= 1 - (training.LearningRate * training.WeightDecay);
        }
        else
        {
            g += training.WeightDecay * p;
        }

        m = (training.Beta1 * m) + ((1 - training.Beta1) * g);
        u = (training.Beta2 * u) + ((1 - training.Beta2) * g * g);
        var (mean, square) = (m / (1 - Math.Pow(training.Beta1, step)), u / (1 - Math.Pow(training.Beta2, step)));
        return p - (training.LearningRate * mean / (Math.Sqrt(square) + training.Epsilon));
    }

    private static double Pass(Dataset data, double[] parameters, double[] gradient)
    {
        var (classes, features) = (data.ClassCount, data.FeatureCount);
        var loss = 0.0;
        for (var row = 0; row < data.Count; row++)
        {
            var x = data.Features.Span.Slice(row * features, features);
            var logits = new double[classes];
            for (var k = 0; k < classes; k++)
            {
                logits[k] = parameters[(classes * features) + k];
                for (var i = 0; i < features; i++)
                {
                    logits[k] += parameters[(k * features) + i] * x[i];
                }
            }

            var total = logits.Sum(Math.Exp);
            loss += (Math.Log(total) - logits[data.Labels.Span[row]]) / data.Count;
            for (var k = 0; k < classes; k++)
            {
                var error = ((Math.Exp(logits[k]) / total) - (data.Labels.Span[row] == k ? 1 : 0)) / data.Count;
                gradient[(classes * features) + k] += error;
                for (var i = 0; i < features; i++)
                {
                    gradient[(k * features) + i] += error * x[i];
                }
            }
        }

        return loss;
    }
}
