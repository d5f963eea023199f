namespace FlameEdge.Topology.Reading;

/// <summary>Gives what the author declares a name that can be a topic level, and refuses two that would share one.</summary>
internal sealed class Naming(SpecProblems problems)
{
    private readonly Dictionary<(string Kind, string Name), string> originals = [];

    /// <summary>A name that must be safe as it is written.</summary>
    public LocatedName Exact(SpecScalar scalar, string kind)
    {
        if (!SafeName.IsSafe(scalar.Text))
        {
            var nearest = SafeName.From(scalar.Text) is { } safe ? $" (did you mean '{safe}'?)" : "";
            problems.Add(scalar, $"{kind} '{scalar.Text}' cannot be a topic level; {Rule}{nearest}");
        }

        return LocatedName.Of(scalar);
    }

    /// <summary>A free text, made safe; the author is told.</summary>
    public LocatedName Free(SpecScalar scalar, string kind)
    {
        // A slash or a space only separates words; these mean something to every broker.
        if (scalar.Text.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0 || scalar.Text.AsSpan().IndexOfAny('#', '+') >= 0)
        {
            problems.Add(scalar, $"{kind} '{Visible(scalar.Text)}' cannot be a topic level: it holds a wildcard or a control character; {Rule}");
            return LocatedName.Of(scalar);
        }

        return Loose(scalar, kind);
    }

    /// <summary>As <see cref="Free"/>, for titles and devices, of which nothing but the safe name ever reaches a broker.</summary>
    public LocatedName Loose(SpecScalar scalar, string kind)
    {
        var text = scalar.Text;
        if (SafeName.From(text) is not { } name)
        {
            problems.Add(scalar, $"{kind} '{Visible(text)}' cannot be a topic level; {Rule}");
            return LocatedName.Of(scalar);
        }

        if (originals.TryAdd((kind, name), text))
        {
            if (name != text)
            {
                problems.Note($"'{Visible(text)}' becomes '{name}' ({kind})");
            }
        }
        else if (originals[(kind, name)] != text)
        {
            problems.Add(scalar, $"{kind} '{Visible(text)}' and '{Visible(originals[(kind, name)])}' would both become '{name}'; rename one of them");
        }

        return new(name, scalar);
    }

    /// <summary>A mention of a name declared elsewhere as free text.</summary>
    public static LocatedName Mention(SpecScalar scalar) => new(SafeName.From(scalar.Text) ?? scalar.Text, scalar);

    private static string Rule => $"use 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes, and none of {string.Join(", ", SafeName.Reserved)}";

    private static string Visible(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter));
}
