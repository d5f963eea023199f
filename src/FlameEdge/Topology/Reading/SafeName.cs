using System.Text;

namespace FlameEdge.Topology.Reading;

/// <summary>Names that may stand in a topic: one level of <c>[a-z0-9-]</c>, 1 to 36 long, not one of the words the topic scheme keeps for itself.</summary>
public static class SafeName
{
    /// <summary>Longest name.</summary>
    public const int MaxLength = 36;

    private static readonly string[] ReservedNames = ["here", "spec", "state", "round", "event"];

    /// <summary>Words with a meaning of their own in topics.</summary>
    public static IReadOnlyList<string> Reserved => ReservedNames;

    /// <summary>True for a name that can be a topic level as it is.</summary>
    public static bool IsSafe(string name) => HasSafeLetters(name) && !ReservedNames.AsSpan().Contains(name);

    /// <summary>The nearest safe name: lower case, everything else a single dash, cut at a word; null where nothing is left or the word is reserved.</summary>
    public static string? From(string name)
    {
        if (HasSafeLetters(name) && name[0] != '-' && name[^1] != '-')
        {
            return IsSafe(name) ? name : null;
        }

        var safe = new StringBuilder(Math.Min(name.Length, MaxLength + 1));
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                safe.Append(char.ToLowerInvariant(letter));
            }
            else if (safe.Length > 0 && safe[^1] != '-')
            {
                safe.Append('-');
            }

            // One letter too many tells whether the cut falls inside a word.
            if (safe.Length > MaxLength)
            {
                break;
            }
        }

        var text = Cut(safe.ToString()).Trim('-');
        return IsSafe(text) ? text : null;
    }

    private static bool HasSafeLetters(string name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (var letter in name)
        {
            if (!char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter) && letter != '-')
            {
                return false;
            }
        }

        return true;
    }

    private static string Cut(string text)
    {
        if (text.Length <= MaxLength)
        {
            return text;
        }

        var word = text.LastIndexOf('-');
        return text[..(word > MaxLength / 2 ? word : MaxLength)];
    }
}
