using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Fires when the errors of a batch stand out against the site's own prequential error (our design; the paper says only that a rise in error triggers).</summary>
/// <remarks>
/// Reference μ: exponential mean over about 100 quiet batches, at least 0.02; σ = √(μ(1 − μ)/B). Fires above μ + 3σ, or the second time in a row above μ + 2σ.
/// A batch that stands out does not move the reference, unless trouble has become the rule: then it is followed again.
/// </remarks>
/// <param name="batchSize">Values that make a batch; fewer than 8 are gathered to 8.</param>
public sealed class ErrorTrigger(int batchSize) : IDriftDetector, IRemembered
{
    private const double Floor = 0.02;
    private const double Memory = 100;
    private const int LongestDoubt = 20;
    private readonly int size = Math.Max(8, batchSize);
    private double errors;
    private int values;
    private long quiet;
    private double mean;
    private int raised;

    /// <summary>μ: the error the site is used to, in [0.02, 1].</summary>
    public double Reference => Math.Max(Floor, this.mean);

    /// <inheritdoc/>
    public bool Add(double value)
    {
        this.errors += value;
        if (++values < size)
        {
            return false;
        }

        var error = this.errors / values;
        (this.errors, values) = (0, 0);
        return Judge(error);
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Number(this.errors);
        writer.Whole(values);
        writer.Long(this.quiet);
        writer.Number(this.mean);
        writer.Whole(raised);
    }

    void IRemembered.Read(SnapshotReader reader) => (this.errors, values, this.quiet, this.mean, raised) = (reader.Number(), reader.Whole(), reader.Long(), reader.Number(), reader.Whole());

    private bool Judge(double error)
    {
        var deviation = Math.Sqrt(Reference * (1 - Reference) / size);
        var isKnown = this.quiet >= 10;
        var fires = isKnown && (error > Reference + (3 * deviation) || (raised > 0 && error > Reference + (2 * deviation)));
        var isRaised = isKnown && error > Reference + (2 * deviation);
        raised = isRaised ? raised + 1 : 0;
        if (!isRaised || raised > LongestDoubt)
        {
            this.quiet++;
            this.mean += (error - this.mean) / Math.Min(this.quiet, Memory);
        }

        return fires;
    }
}
