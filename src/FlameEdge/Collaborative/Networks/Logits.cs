using System.Numerics.Tensors;

namespace FlameEdge.Collaborative.Networks;

/// <summary>Sums of exponentials that neither overflow nor need care at the call.</summary>
public static class Logits
{
    /// <summary>ln Σ exp(z); −∞ for none.</summary>
    public static float LogSumExp(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
        {
            return float.NegativeInfinity;
        }

        var largest = TensorPrimitives.Max(logits);
        if (float.IsNegativeInfinity(largest))
        {
            return largest;
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return largest + (float)Math.Log(sum);
    }

    /// <summary>Writes exp(z) / Σ exp(z).</summary>
    public static void Softmax(ReadOnlySpan<float> logits, Span<float> shares)
    {
        var total = LogSumExp(logits);
        for (var i = 0; i < logits.Length; i++)
        {
            shares[i] = float.IsNegativeInfinity(logits[i]) ? 0 : MathF.Exp(logits[i] - total);
        }
    }

    /// <summary>ln of the share of <paramref name="label"/>, held at ln 0.01 or above: one row of a noisy world decides nothing (§5.3).</summary>
    public static double LogLikelihood(ReadOnlySpan<float> logits, int label) => Math.Max(Math.Log(0.01), logits[label] - LogSumExp(logits));

    /// <summary>1 / (1 + exp(−s)).</summary>
    public static float Sigmoid(float score) => 1 / (1 + MathF.Exp(-score));
}
