namespace FlameEdge.Collaborative.Bench;

/// <summary>The measures of the stored streams: how long until a site is good again, and how good it is meanwhile.</summary>
internal static class Measures
{
    /// <summary>First batch, counted from 1, from which <paramref name="inRow"/> accuracies in a row reach <paramref name="threshold"/>; one more than there are batches if never.</summary>
    public static int BatchesTo(double threshold, IReadOnlyList<double> accuracies, int inRow = 3)
    {
        for (var start = 0; start + inRow <= accuracies.Count; start++)
        {
            if (Enumerable.Range(start, inRow).All(batch => accuracies[batch] >= threshold))
            {
                return start + 1;
            }
        }

        return accuracies.Count + 1;
    }

    /// <summary>First batch, counted from 1, from which the mean of five accuracies reaches <paramref name="threshold"/>; one more than there are batches if never.</summary>
    public static int SmoothBatchesTo(double threshold, IReadOnlyList<double> accuracies)
    {
        for (var start = 0; start + 5 <= accuracies.Count; start++)
        {
            if (accuracies.Skip(start).Take(5).Average() >= threshold)
            {
                return start + 1;
            }
        }

        return accuracies.Count + 1;
    }

    /// <summary>Mean of the last thirty accuracies.</summary>
    public static double Final(IReadOnlyList<double> accuracies) => accuracies.TakeLast(30).Average();

    /// <summary>Mean of the first <paramref name="batches"/> accuracies.</summary>
    public static double Area(IReadOnlyList<double> accuracies, int batches = 30) => accuracies.Take(batches).Average();

    /// <summary>Mean difference to <paramref name="isolated"/> in the first <paramref name="batches"/> batches.</summary>
    public static double Against(IReadOnlyList<double> isolated, IReadOnlyList<double> accuracies, int batches = 60) =>
        accuracies.Zip(isolated, (mine, other) => mine - other).Take(batches).Average();

    /// <summary>The middle value, or the mean of both.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
