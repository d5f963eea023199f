namespace FlameEdge.Topology;

/// <summary>Names with <c>*</c> for any part of them, the empty one included.</summary>
public static class NamePattern
{
    /// <summary>True for 1 to 36 of <c>a-z</c>, <c>0-9</c>, dashes and stars.</summary>
    public static bool IsOne(string pattern) =>
        pattern.Length is > 0 and <= Reading.SafeName.MaxLength && pattern.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '*');

    /// <summary>True where <paramref name="name"/> is one of those meant; linear in both lengths but for backtracking to the last star.</summary>
    public static bool Matches(string pattern, string name)
    {
        var (at, star, resume) = (0, -1, 0);
        for (var letter = 0; letter < name.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (star, resume) = (at++, letter);
            }
            else if (at < pattern.Length && pattern[at] == name[letter])
            {
                (at, letter) = (at + 1, letter + 1);
            }
            else if (star >= 0)
            {
                (at, letter) = (star + 1, ++resume);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(at).Trim('*').IsEmpty;
    }
}
