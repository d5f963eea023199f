using FlameEdge.Collaborative.Directory;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Drift without labels: fires when the classes a site predicts are no longer spread as they were (our design).</summary>
/// <remarks>Compares the last <c>windowBatches</c> batches with the mean of those before by Jensen–Shannon divergence over ln 2; such a site may only watch specialists, not use them, until labels arrive.</remarks>
public sealed class HistogramTrigger(int classCount, int windowBatches = 6, double threshold = 0.1)
{
    private readonly Queue<float[]> _recent = new();
    private readonly double[] _reference = new double[classCount];
    private long _batches;

    /// <summary>Takes the classes predicted in a batch; true where the trigger fires. The reference starts anew then.</summary>
    public bool Add(ReadOnlySpan<int> predicted)
    {
        var histogram = new float[classCount];
        foreach (var label in predicted)
        {
            histogram[label] += 1f / predicted.Length;
        }

        _recent.Enqueue(histogram);
        if (_recent.Count <= windowBatches)
        {
            return false;
        }

        var oldest = _recent.Dequeue();
        _batches++;
        for (var label = 0; label < classCount; label++)
        {
            _reference[label] += (oldest[label] - _reference[label]) / Math.Min(_batches, 100);
        }

        if (_batches < windowBatches || Divergence.JensenShannon(Recent(), _reference) / Math.Log(2) <= threshold)
        {
            return false;
        }

        _recent.Clear();
        Array.Clear(_reference);
        _batches = 0;
        return true;
    }

    private double[] Recent()
    {
        var mean = new double[classCount];
        foreach (var histogram in _recent)
        {
            for (var label = 0; label < classCount; label++)
            {
                mean[label] += histogram[label];
            }
        }

        return mean;
    }
}
