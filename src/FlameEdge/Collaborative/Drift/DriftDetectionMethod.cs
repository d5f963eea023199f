namespace FlameEdge.Collaborative.Drift;

/// <summary>DDM: watches the error rate p and its deviation s against the place where p + s was smallest; starts anew after it has fired.</summary>
/// <seealso href="https://doi.org/10.1007/978-3-540-28645-5_29">Gama et al. 2004: Learning with Drift Detection</seealso>
public sealed class DriftDetectionMethod(double warningLevel = 2, double driftLevel = 3, int minimumCount = 30) : IDriftDetector
{
    private long count;
    private double rate;
    private double leastRate = double.PositiveInfinity;
    private double leastDeviation = double.PositiveInfinity;

    /// <summary>True where the last value stood at the warning level or above, and did not fire.</summary>
    public bool IsWarning { get; private set; }

    /// <summary>Takes the next value, 1 for an error and 0 for none.</summary>
    public bool Add(double value)
    {
        IsWarning = false;
        count++;
        this.rate += (value - this.rate) / count;
        if (count < minimumCount)
        {
            return false;
        }

        var deviation = Math.Sqrt(this.rate * (1 - this.rate) / count);
        if (this.rate + deviation < leastRate + leastDeviation)
        {
            (leastRate, leastDeviation) = (this.rate, deviation);
        }

        if (leastDeviation == 0)
        {
            return false;
        }

        if (this.rate + deviation >= leastRate + (driftLevel * leastDeviation))
        {
            (count, this.rate, leastRate, leastDeviation) = (0, 0, double.PositiveInfinity, double.PositiveInfinity);
            return true;
        }

        IsWarning = this.rate + deviation >= leastRate + (warningLevel * leastDeviation);
        return false;
    }
}
