using FlameEdge.Collaborative.Directory;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Drift without labels: fires when the classes a site predicts are no longer spread as they were (our design).</summary>
/// <remarks>Compares the last <c>windowBatches</c> batches with the mean of those before by Jensen–Shannon divergence over ln 2; such a site may only watch specialists, not use them, until labels arrive.</remarks>
public sealed class HistogramTrigger(int classCount, int windowBatches = 6, double threshold = 0.1)
{
    private readonly Queue<float[]> recent = new();
    private readonly double[] reference = new double[classCount];
    private long batches;

    /// <summary>Takes the classes predicted in a batch; true where the trigger fires. The reference starts anew then.</summary>
    public bool Add(ReadOnlySpan<int> predicted)
    {
        var histogram = new float[classCount];
        foreach (var label in predicted)
        {
            histogram[label] += 1f / predicted.Length;
        }

        recent.Enqueue(histogram);
        if (recent.Count <= windowBatches)
        {
            return false;
        }

        var oldest = recent.Dequeue();
        this.batches++;
        for (var label = 0; label < classCount; label++)
        {
            this.reference[label] += (oldest[label] - this.reference[label]) / Math.Min(this.batches, 100);
        }

        if (this.batches < windowBatches || Divergence.JensenShannon(Recent(), this.reference) / Math.Log(2) <= threshold)
        {
            return false;
        }

        recent.Clear();
        Array.Clear(this.reference);
        this.batches = 0;
        return true;
    }

    private double[] Recent()
    {
        var mean = new double[classCount];
        foreach (var histogram in recent)
        {
            for (var label = 0; label < classCount; label++)
            {
                mean[label] += histogram[label];
            }
        }

        return mean;
    }
}
