using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Onnx.Tests;

/// <summary>Softmax regression on full batches written out in double: what the engine is measured against.</summary>
internal static class PlainSoftmax
{
    /// <summary>Weights [classes, features], then biases [classes], after <see cref="TrainingSpec.Epochs"/> steps from zero; and the mean loss.</summary>
    public static (double[] Parameters, double MeanLoss) Train(Dataset data, TrainingSpec training)
    {
        var parameters = new double[data.ClassCount * (data.FeatureCount + 1)];
        var velocity = new double[parameters.Length];
        var loss = 0.0;
        for (var step = 0; step < training.Epochs; step++)
        {
            var gradient = new double[parameters.Length];
            loss += Pass(data, parameters, gradient);
            for (var i = 0; i < parameters.Length; i++)
            {
                velocity[i] = (training.Momentum * velocity[i]) + gradient[i] + (training.WeightDecay * parameters[i]);
            }

            for (var i = 0; i < parameters.Length; i++)
            {
                parameters[i] -= training.LearningRate * velocity[i];
            }
        }

        return (parameters, loss / training.Epochs);
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
