using FlameEdge.Collaborative.Snapshots;

namespace FlameEdge.Collaborative.Drift;

/// <summary>Page's cumulative test for an increase of the mean; starts anew after it has fired.</summary>
/// <remarks>Fires when m − min m exceeds the threshold, m = Σ (x − mean − tolerance), the mean over the values so far including x. No forgetting.</remarks>
/// <seealso href="https://doi.org/10.1145/2523813">Gama et al. 2014, section 3.2; after Page 1954</seealso>
public sealed class PageHinkley(double tolerance = 0.005, double threshold = 20, int minimumCount = 30) : IDriftDetector, IRemembered
{
    private long count;
    private double mean;
    private double sum;
    private double least;

    /// <inheritdoc/>
    public bool Add(double value)
    {
        count++;
        this.mean += (value - this.mean) / count;
        sum += value - this.mean - tolerance;
        least = Math.Min(least, sum);
        if (count < minimumCount || sum - least <= threshold)
        {
            return false;
        }

        (count, this.mean, sum, least) = (0, 0, 0, 0);
        return true;
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Long(count);
        writer.Number(this.mean);
        writer.Number(sum);
        writer.Number(least);
    }

    void IRemembered.Read(SnapshotReader reader) => (count, this.mean, sum, least) = (reader.Long(), reader.Number(), reader.Number(), reader.Number());
}
