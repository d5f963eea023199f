namespace FlameEdge.Topology.Reading;

/// <summary>The known name that a misspelled one most likely means.</summary>
public static class NearestName
{
    private const int MostCandidates = 10_000;
    private const int LongestName = 64;

    /// <summary>The candidate with the fewest edits (insert, drop, replace, swap; case is free), or null where none is near.</summary>
    public static string? Of(string name, IEnumerable<string> candidates)
    {
        if (name.Length is 0 or > LongestName)
        {
            return null;
        }

        // A third of the letters may be wrong; beyond that a suggestion is a guess.
        var limit = Math.Max(1, (name.Length + 1) / 3);
        string? nearest = null;
        foreach (var candidate in candidates.Take(MostCandidates))
        {
            if (candidate.Length <= LongestName && Math.Abs(candidate.Length - name.Length) <= limit && Distance(name, candidate) is var distance && distance <= limit)
            {
                limit = distance - 1;
                nearest = candidate;
            }
        }

        return nearest;
    }

    private static int Distance(string first, string second)
    {
        Span<int> beforeLast = stackalloc int[LongestName + 1];
        Span<int> last = stackalloc int[LongestName + 1];
        Span<int> current = stackalloc int[LongestName + 1];
        for (var j = 0; j <= second.Length; j++)
        {
            last[j] = j;
        }

        for (var i = 1; i <= first.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= second.Length; j++)
            {
                var cost = IsSame(first[i - 1], second[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(last[j] + 1, current[j - 1] + 1), last[j - 1] + cost);
                if (i > 1 && j > 1 && IsSame(first[i - 1], second[j - 2]) && IsSame(first[i - 2], second[j - 1]))
                {
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
                }
            }

            var spare = beforeLast;
            beforeLast = last;
            last = current;
            current = spare;
        }

        return last[second.Length];
    }

    private static bool IsSame(char first, char second) => char.ToLowerInvariant(first) == char.ToLowerInvariant(second);
}
