namespace FlameEdge.Collaborative.Drift;

/// <summary>DDM: watches the error rate p and its deviation s against the place where p + s was smallest; starts anew after it has fired.</summary>
/// <seealso href="https://doi.org/10.1007/978-3-540-28645-5_29">Gama et al. 2004: Learning with Drift Detection</seealso>
public sealed class DriftDetectionMethod(double warningLevel = 2, double driftLevel = 3, int minimumCount = 30) : IDriftDetector
{
    private long _count;
    private double _rate;
    private double _leastRate = double.PositiveInfinity;
    private double _leastDeviation = double.PositiveInfinity;

    /// <summary>True where the last value stood at the warning level or above, and did not fire.</summary>
    public bool IsWarning { get; private set; }

    /// <summary>Takes the next value, 1 for an error and 0 for none.</summary>
    public bool Add(double value)
    {
        IsWarning = false;
        _count++;
        _rate += (value - _rate) / _count;
        if (_count < minimumCount)
        {
            return false;
        }

        var deviation = Math.Sqrt(_rate * (1 - _rate) / _count);
        if (_rate + deviation < _leastRate + _leastDeviation)
        {
            (_leastRate, _leastDeviation) = (_rate, deviation);
        }

        if (_leastDeviation == 0)
        {
            return false;
        }

        if (_rate + deviation >= _leastRate + (driftLevel * _leastDeviation))
        {
            (_count, _rate, _leastRate, _leastDeviation) = (0, 0, double.PositiveInfinity, double.PositiveInfinity);
            return true;
        }

        IsWarning = _rate + deviation >= _leastRate + (warningLevel * _leastDeviation);
        return false;
    }
}
