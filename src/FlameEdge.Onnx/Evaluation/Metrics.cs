namespace FlameEdge.Onnx.Evaluation;

/// <summary>What a row of logits is worth.</summary>
internal static class Metrics
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

    /// <summary>-ln softmax(logits)[label], in double.</summary>
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
}
