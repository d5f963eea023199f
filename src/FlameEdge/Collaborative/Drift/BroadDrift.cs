namespace FlameEdge.Collaborative.Drift;

/// <summary>Tells whether the classes a site knows well have become harder: not a class is new, the world has moved (our design).</summary>
/// <remarks>Compares the last batches with an exponential mean over about 100 before them; the rise must also be three deviations, so that chance borrows no model.</remarks>
public sealed class BroadDrift(double rise, int windowBatches = 4)
{
    private readonly Queue<(int Rows, int Errors)> _recent = new();
    private double _mean;
    private long _quiet;

    /// <summary>Takes the rows of known classes in a batch and how many were predicted wrongly; true where the rise stands.</summary>
    public bool Add(int rows, int errors)
    {
        _recent.Enqueue((rows, errors));
        if (_recent.Count > windowBatches)
        {
            _recent.Dequeue();
        }

        var total = _recent.Sum(batch => batch.Rows);
        var error = total == 0 ? 0 : (double)_recent.Sum(batch => batch.Errors) / total;
        var reference = Math.Max(0.02, _mean);
        var deviation = Math.Sqrt(reference * (1 - reference) / Math.Max(1, total));
        var stands = _quiet >= 20 && rise > 0 && _recent.Count == windowBatches && error > _mean + rise && error > reference + (3 * deviation);
        if (!stands && rows > 0)
        {
            _quiet++;
            _mean += (((double)errors / rows) - _mean) / Math.Min(_quiet, 100);
        }

        return stands;
    }
}
