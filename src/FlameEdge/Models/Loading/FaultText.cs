using FlameEdge.Topology.Reading;

namespace FlameEdge.Models.Loading;

/// <summary>Pieces of the one line that says what is wrong with data.</summary>
internal static class FaultText
{
    /// <summary>An ending for a message: <c>; did you mean 'TEMP'?</c>, or the names there are where none is near.</summary>
    public static string Hint(string name, IReadOnlyCollection<string> known) =>
        NearestName.Of(name, known) is { } nearest ? $"; did you mean '{nearest}'?" : $"; there are {Listed(known)}";

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
}
