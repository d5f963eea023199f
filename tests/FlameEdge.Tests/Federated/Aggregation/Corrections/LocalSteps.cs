using FlameEdge.Federated.Aggregation.Corrections;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

/// <summary>Writes the gradient of a client's loss at the given parameters.</summary>
internal delegate void Gradient(ReadOnlySpan<float> parameters, Span<double> gradient);

/// <summary>Local steps as the engines make them, by plain loops: g = gradient + proximal (p − received) + correction; v = momentum v + g; p −= lr v.</summary>
internal static class LocalSteps
{
    public static float[] Run(Gradient gradient, ReadOnlySpan<float> received, double proximal, ReadOnlySpan<float> correction, int steps, double learningRate, double momentum = 0)
    {
        var (model, g, velocity) = (received.ToArray(), new double[received.Length], new double[received.Length]);
        for (var step = 0; step < steps; step++)
        {
            gradient(model, g);
            for (var i = 0; i < model.Length; i++)
            {
                velocity[i] = (momentum * velocity[i]) + g[i] + (proximal * (model[i] - received[i])) + (correction.IsEmpty ? 0 : correction[i]);
                model[i] = (float)(model[i] - (learningRate * velocity[i]));
            }
        }

        return model;
    }

    /// <summary>A client's whole round: correction, steps, update.</summary>
    public static (float[] Model, float[] Change, float[] Second, double Work) Run(
        IClientCorrection client, Gradient gradient, float[] received, ReadOnlySpan<float> shared, int steps, double learningRate, double momentum = 0)
    {
        var correction = new float[received.Length];
        var corrects = client.Begin(shared, correction);
        var model = Run(gradient, received, client.Proximal, corrects ? correction : default, steps, learningRate, momentum);
        var (change, second) = (new float[received.Length], client.SendsSecond ? new float[received.Length] : []);
        var work = client.Complete(new LocalWork { Received = received, Trained = model, Steps = steps }, change, second);
        return (model, change, second, work);
    }
}
