using System.Text;
using System.Text.Json;

namespace FlameEdge.Topology.Reading;

/// <summary>A JSON reader that knows line and column. It counts on from the last token, so that a file without line breaks stays linear too.</summary>
internal ref struct JsonCursor(ReadOnlySpan<byte> utf8, string file)
{
    private readonly ReadOnlySpan<byte> utf8 = utf8;
    private Utf8JsonReader reader = new(utf8, new JsonReaderOptions { MaxDepth = JsonSpecReader.MaxDepth });
    private int counted;
    private int line = 1;
    private int column = 1;

    public readonly JsonTokenType TokenType => reader.TokenType;

    public readonly SpecPosition Position => new(file, line, column);

    /// <summary>To the next token; false at the end of the text.</summary>
    public bool MoveNext()
    {
        if (!reader.Read())
        {
            return false;
        }

        var skipped = utf8[counted..(int)reader.TokenStartIndex];
        counted += skipped.Length;
        if (skipped.LastIndexOf((byte)'\n') is var newline and >= 0)
        {
            line += skipped.Count((byte)'\n');
            column = 1;
            skipped = skipped[(newline + 1)..];
        }

        column += Encoding.UTF8.GetCharCount(skipped);
        return true;
    }

    /// <summary>Reads on, so that anything after the value is refused as malformed.</summary>
    public void ExpectEnd()
    {
        while (reader.Read())
        {
        }
    }

    /// <summary>The text of a string or key.</summary>
    public readonly string Text(SpecProblems problems)
    {
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: valid JSON, but no text.
            problems.Add(Position, "this string holds half a character (a lone surrogate); write the whole character");
            return "";
        }
    }

    /// <summary>A number or truth value as it was written.</summary>
    public readonly string Raw() => Encoding.UTF8.GetString(reader.ValueSpan);
}
