namespace FlameEdge.Collaborative.Drift;

/// <summary>Page's cumulative test for an increase of the mean; starts anew after it has fired.</summary>
/// <remarks>Fires when m − min m exceeds the threshold, m = Σ (x − mean − tolerance), the mean over the values so far including x. No forgetting.</remarks>
/// <seealso href="https://doi.org/10.1145/2523813">Gama et al. 2014, section 3.2; after Page 1954</seealso>
public sealed class PageHinkley(double tolerance = 0.005, double threshold = 20, int minimumCount = 30) : IDriftDetector
{
    private long _count;
    private double _mean;
    private double _sum;
    private double _least;

    /// <inheritdoc/>
    public bool Add(double value)
    {
        _count++;
        _mean += (value - _mean) / _count;
        _sum += value - _mean - tolerance;
        _least = Math.Min(_least, _sum);
        if (_count < minimumCount || _sum - _least <= threshold)
        {
            return false;
        }

        (_count, _mean, _sum, _least) = (0, 0, 0, 0);
        return true;
    }
}
