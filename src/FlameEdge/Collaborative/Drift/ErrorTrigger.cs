namespace FlameEdge.Collaborative.Drift;

/// <summary>Fires when the errors of a batch stand out against the site's own prequential error (our design; the paper says only that a rise in error triggers).</summary>
/// <remarks>
/// Reference μ: exponential mean over about 100 quiet batches, at least 0.02; σ = √(μ(1 − μ)/B). Fires above μ + 3σ, or the second time in a row above μ + 2σ.
/// A batch that stands out does not move the reference, unless trouble has become the rule: then it is followed again.
/// </remarks>
/// <param name="batchSize">Values that make a batch; fewer than 8 are gathered to 8.</param>
public sealed class ErrorTrigger(int batchSize) : IDriftDetector
{
    private const double Floor = 0.02;
    private const double Memory = 100;
    private const int LongestDoubt = 20;
    private readonly int _size = Math.Max(8, batchSize);
    private double _errors;
    private int _values;
    private long _quiet;
    private double _mean;
    private int _raised;

    /// <summary>μ: the error the site is used to, in [0.02, 1].</summary>
    public double Reference => Math.Max(Floor, _mean);

    /// <inheritdoc/>
    public bool Add(double value)
    {
        _errors += value;
        if (++_values < _size)
        {
            return false;
        }

        var error = _errors / _values;
        (_errors, _values) = (0, 0);
        return Judge(error);
    }

    private bool Judge(double error)
    {
        var deviation = Math.Sqrt(Reference * (1 - Reference) / _size);
        var isKnown = _quiet >= 10;
        var fires = isKnown && (error > Reference + (3 * deviation) || (_raised > 0 && error > Reference + (2 * deviation)));
        var isRaised = isKnown && error > Reference + (2 * deviation);
        _raised = isRaised ? _raised + 1 : 0;
        if (!isRaised || _raised > LongestDoubt)
        {
            _quiet++;
            _mean += (error - _mean) / Math.Min(_quiet, Memory);
        }

        return fires;
    }
}
