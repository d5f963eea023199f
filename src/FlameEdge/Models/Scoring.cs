using FlameEdge.Topology;

namespace FlameEdge.Models;

/// <summary>What a row of outputs is worth, in double: the same on every engine.</summary>
public static class Scoring
{
    /// <summary>The index of the largest value; the lowest one on ties.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }

        return best;
    }

    /// <summary>The loss of one row under the job's <see cref="TrainingSpec.Loss"/>; those against a one-hot target are means over the classes.</summary>
    public static double Loss(TrainingSpec training, ReadOnlySpan<float> logits, int label) => training.Loss switch
    {
        LossKind.CrossEntropy => CrossEntropy(logits, label),
        LossKind.BinaryCrossEntropy => AgainstOneHot(logits, label, static (z, y, _) => Math.Max(z, 0) - (z * y) + Math.Log(1 + Math.Exp(-Math.Abs(z))), 0),
        LossKind.MeanSquared => AgainstOneHot(logits, label, static (z, y, _) => (z - y) * (z - y), 0),
        _ => AgainstOneHot(logits, label, Huber, training.HuberDelta),
    };

    /// <summary>-ln softmax(logits)[label].</summary>
    public static double CrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        var largest = (double)logits[ArgMax(logits)];
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return Math.Log(sum) + largest - logits[label];
    }

    private static double AgainstOneHot(ReadOnlySpan<float> outputs, int label, Func<double, double, double, double> loss, double delta)
    {
        var sum = 0.0;
        for (var i = 0; i < outputs.Length; i++)
        {
            sum += loss(outputs[i], i == label ? 1 : 0, delta);
        }

        return sum / outputs.Length;
    }

    private static double Huber(double z, double y, double delta)
    {
        var r = Math.Abs(z - y);
        return r <= delta ? 0.5 * r * r : delta * (r - (0.5 * delta));
    }
}
