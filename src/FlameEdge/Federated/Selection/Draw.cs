using FlameEdge.Models;

namespace FlameEdge.Federated.Selection;

/// <summary>Seeded drawing among candidates.</summary>
internal static class Draw
{
    /// <summary>A generator for one round of one job.</summary>
    public static PortableRandom Generator(ulong seed, int round) => new(seed, (ulong)round);

    /// <summary>The candidates by name, so that the order of arrival has no say in a draw.</summary>
    public static List<Candidate> ByName(IEnumerable<Candidate> candidates) => [.. candidates.OrderBy(candidate => candidate.Worker.Value, StringComparer.Ordinal)];

    /// <summary>Some of them, all subsets equally likely.</summary>
    public static List<Candidate> Uniform(IReadOnlyList<Candidate> candidates, int count, PortableRandom random) => Weighted(candidates, count, static _ => 1, random);

    /// <summary>Some of them, drawn one after another without replacement, each time in proportion to the weights left. Weights are positive and finite.</summary>
    public static List<Candidate> Weighted(IReadOnlyList<Candidate> candidates, int count, Func<Candidate, double> weight, PortableRandom random)
    {
        var left = candidates.Select(candidate => (Candidate: candidate, Weight: weight(candidate))).ToList();
        var drawn = new List<Candidate>();
        while (drawn.Count < count && left.Count > 0)
        {
            var mark = random.NextDouble() * left.Sum(item => item.Weight);
            var index = 0;

            // The last one takes what rounding leaves over.
            while (index < left.Count - 1 && (mark -= left[index].Weight) >= 0)
            {
                index++;
            }

            drawn.Add(left[index].Candidate);
            left.RemoveAt(index);
        }

        return drawn;
    }
}
