using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>Skews the labels: each class is spread over the parts in proportions drawn from a Dirichlet distribution.</summary>
/// <seealso href="https://arxiv.org/abs/1909.06335">Hsu, Qi, Brown 2019: measuring the effects of non-identical data distribution</seealso>
internal static class DirichletPartition
{
    /// <summary>All parts' rows; none is empty as long as there are as many rows as parts.</summary>
    public static int[][] Cut(PartSpec part, int[] labels, int classCount)
    {
        var random = new PortableRandom(part.Seed);
        var parts = Enumerable.Range(0, part.Parts).Select(_ => new List<int>()).ToArray();
        var byClass = labels.Select((label, row) => (label, row)).ToLookup(pair => pair.label, pair => pair.row);
        for (var label = 0; label < classCount; label++)
        {
            // Shuffled, so that a part gets no stretch of time of a class.
            int[] rows = [.. byClass[label]];
            random.Shuffle(rows);
            Deal(rows, Proportions(random, part.Alpha, part.Parts), parts);
        }

        FillEmpty(parts);
        return [.. parts.Select(rows => rows.ToArray())];
    }

    private static double[] Proportions(PortableRandom random, double alpha, int count)
    {
        var logs = new double[count];
        for (var i = 0; i < count; i++)
        {
            logs[i] = random.LogGamma(alpha);
        }

        var largest = logs.Max();
        double[] weights = [.. logs.Select(log => PortableMath.Exp(log - largest))];
        var sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    private static void Deal(int[] rows, double[] proportions, List<int>[] parts)
    {
        var (taken, share) = (0, 0.0);
        for (var i = 0; i < parts.Length; i++)
        {
            share += proportions[i];
            var end = i == parts.Length - 1 ? rows.Length : Math.Clamp((int)(share * rows.Length), taken, rows.Length);
            parts[i].AddRange(rows.AsSpan(taken..end));
            taken = end;
        }
    }

    // An empty part takes the last row of the largest one (the first of equals): a device without rows could not learn.
    private static void FillEmpty(List<int>[] parts)
    {
        foreach (var empty in parts.Where(rows => rows.Count == 0))
        {
            var largest = parts.MaxBy(rows => rows.Count)!; // There is at least one part.
            empty.Add(largest[^1]);
            largest.RemoveAt(largest.Count - 1);
        }
    }
}
