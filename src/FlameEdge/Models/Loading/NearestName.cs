namespace FlameEdge.Models.Loading;

/// <summary>What the writer of a misspelt name probably meant.</summary>
internal static class NearestName
{
    /// <summary>A longer name is a mistake of another kind; comparing it would only cost time.</summary>
    private const int MaxLength = 64;

    /// <summary>The known name with the fewest edits, or null where none is near.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        var (nearest, distance) = ((string?)null, int.MaxValue);
        foreach (var candidate in known.Where(candidate => Math.Max(candidate.Length, name.Length) <= MaxLength))
        {
            var edits = Edits(name, candidate);
            (nearest, distance) = edits < distance ? (candidate, edits) : (nearest, distance);
        }

        return distance <= Math.Max(2, name.Length / 2) ? nearest : null;
    }

    /// <summary>An ending for a message: <c>; did you mean 'TEMP'?</c>, or the names there are where none is near.</summary>
    public static string Hint(string name, IReadOnlyCollection<string> known) =>
        Of(name, known) is { } nearest ? $"; did you mean '{nearest}'?" : $"; there are {Listed(known)}";

    private static string Listed(IReadOnlyCollection<string> known) =>
        string.Join(", ", known.Take(12).Select(name => $"'{Short(name)}'")) + (known.Count > 12 ? $" and {known.Count - 12} more" : "");

    /// <summary>A text from a file as a message may show it: one short line.</summary>
    public static string Short(ReadOnlySpan<char> text)
    {
        var shown = text[..Math.Min(text.Length, 40)].ToArray();
        for (var i = 0; i < shown.Length; i++)
        {
            shown[i] = char.IsControl(shown[i]) || char.IsSurrogate(shown[i]) ? '?' : shown[i];
        }

        return text.Length > 40 ? $"{new string(shown)}…" : new string(shown);
    }

    // Levenshtein distance without regard to case, one row at a time.
    private static int Edits(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var current = new int[right.Length + 1];
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
            }

            previous = current;
        }

        return previous[^1];
    }
}
