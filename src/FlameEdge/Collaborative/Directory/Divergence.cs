namespace FlameEdge.Collaborative.Directory;

/// <summary>How different two distributions over classes are.</summary>
public static class Divergence
{
    /// <summary>Jensen–Shannon divergence, nats, in [0, ln 2]: ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2. Counts will do: both are scaled to sum 1; an empty one is as far as can be from anything else.</summary>
    /// <seealso href="https://doi.org/10.1109/18.61115">Lin 1991</seealso>
    public static double JensenShannon(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        var (firstTotal, secondTotal) = (Total(first), Total(second));
        if (firstTotal <= 0 || secondTotal <= 0)
        {
            return firstTotal <= 0 && secondTotal <= 0 ? 0 : Math.Log(2);
        }

        var sum = 0.0;
        for (var i = 0; i < first.Length; i++)
        {
            var (p, q) = (first[i] / firstTotal, second[i] / secondTotal);
            var middle = (p + q) / 2;
            sum += (p > 0 ? p * Math.Log(p / middle) / 2 : 0) + (q > 0 ? q * Math.Log(q / middle) / 2 : 0);
        }

        return Math.Clamp(sum, 0, Math.Log(2));
    }

    private static double Total(ReadOnlySpan<double> values)
    {
        var total = 0.0;
        foreach (var value in values)
        {
            total += value;
        }

        return total;
    }
}
