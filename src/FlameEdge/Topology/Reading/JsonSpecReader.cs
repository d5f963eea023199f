using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads JSON into a <see cref="SpecNode"/> with positions. Nothing but JSON is accepted: no trailing commas, no comments outside <c>//</c> keys.</summary>
public static class JsonSpecReader
{
    /// <summary>Deepest nesting accepted.</summary>
    public const int MaxDepth = 64;

    private const int SmallEnoughToScan = 12;

    /// <summary>Reads a whole text; null where it was refused.</summary>
    public static SpecNode? Read(ReadOnlySpan<byte> utf8, string file, SpecProblems problems)
    {
        SpecNode? root = null;
        Guard(utf8, file, problems, cursor =>
        {
            cursor.MoveNext();
            root = ReadNode(ref cursor, problems);
            cursor.ExpectEnd();
        });
        return problems.IsEmpty ? root : null;
    }

    /// <summary>Reads a mapping member by member, so that only one member's tree is alive at a time: for tables of a million entries.</summary>
    public static void ReadMembers(ReadOnlySpan<byte> utf8, string file, SpecProblems problems, Action<SpecScalar, SpecNode> member) =>
        Guard(utf8, file, problems, cursor =>
        {
            cursor.MoveNext();
            if (cursor.TokenType != JsonTokenType.StartObject)
            {
                problems.Add(cursor.Position, "a mapping is expected here: write { \"name\": … }");
                return;
            }

            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (cursor.MoveNext() && cursor.TokenType != JsonTokenType.EndObject)
            {
                var key = ReadKey(ref cursor, seen, problems);
                cursor.MoveNext();
                member(key, ReadNode(ref cursor, problems));
            }

            cursor.ExpectEnd();
        });

    private delegate void Reading(JsonCursor cursor);

    private static void Guard(ReadOnlySpan<byte> utf8, string file, SpecProblems problems, Reading reading)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble))
        {
            utf8 = utf8[Encoding.UTF8.Preamble.Length..];
        }

        if (!Utf8.IsValid(utf8))
        {
            problems.Add(new SpecPosition(file), "this is not a text in UTF-8; give a JSON file");
            return;
        }

        try
        {
            reading(new JsonCursor(utf8, file));
        }
        catch (JsonException exception)
        {
            // The reader counts lines and bytes from 0, and its message repeats both at the end.
            var message = exception.Message.Split(" LineNumber:", 2)[0].TrimEnd('.', ' ');
            var position = new SpecPosition(file, (int)(exception.LineNumber ?? 0) + 1, (int)(exception.BytePositionInLine ?? 0) + 1);
            problems.Add(position, $"malformed JSON: {message}; correct the text here or just before");
        }
    }

    private static SpecNode ReadNode(ref JsonCursor cursor, SpecProblems problems) => cursor.TokenType switch
    {
        JsonTokenType.StartObject => ReadMapping(ref cursor, problems),
        JsonTokenType.StartArray => ReadSequence(ref cursor, problems),
        JsonTokenType.Null => new SpecScalar(cursor.Position, "", isNull: true),
        JsonTokenType.String => new SpecScalar(cursor.Position, cursor.Text(problems), isQuoted: true),
        _ => new SpecScalar(cursor.Position, cursor.Raw()),
    };

    private static SpecMapping ReadMapping(ref JsonCursor cursor, SpecProblems problems)
    {
        var position = cursor.Position;
        var entries = new List<SpecEntry>(8);
        HashSet<string>? seen = null;
        while (cursor.MoveNext() && cursor.TokenType != JsonTokenType.EndObject)
        {
            var key = ReadKey(ref cursor, entries, ref seen, problems);
            cursor.MoveNext();
            entries.Add(new(key, ReadNode(ref cursor, problems)));
        }

        return new(position, entries);
    }

    private static SpecSequence ReadSequence(ref JsonCursor cursor, SpecProblems problems)
    {
        var position = cursor.Position;
        var items = new List<SpecNode>();
        while (cursor.MoveNext() && cursor.TokenType != JsonTokenType.EndArray)
        {
            items.Add(ReadNode(ref cursor, problems));
        }

        return new(position, items);
    }

    /// <summary>A key; small mappings, of which there may be a million, are scanned for repeats and get no set of their own.</summary>
    private static SpecScalar ReadKey(ref JsonCursor cursor, List<SpecEntry> before, ref HashSet<string>? seen, SpecProblems problems)
    {
        if (before.Count == SmallEnoughToScan)
        {
            seen = new(before.Select(entry => entry.Key.Text), StringComparer.Ordinal);
        }

        if (seen is not null)
        {
            return ReadKey(ref cursor, seen, problems);
        }

        var key = new SpecScalar(cursor.Position, cursor.Text(problems), isQuoted: true);
        foreach (var entry in before)
        {
            if (entry.Key.Text == key.Text)
            {
                ReportTwice(key, problems);
                break;
            }
        }

        return key;
    }

    private static SpecScalar ReadKey(ref JsonCursor cursor, HashSet<string> seen, SpecProblems problems)
    {
        var key = new SpecScalar(cursor.Position, cursor.Text(problems), isQuoted: true);
        if (!seen.Add(key.Text))
        {
            ReportTwice(key, problems);
        }

        return key;
    }

    private static void ReportTwice(SpecScalar key, SpecProblems problems)
    {
        if (!SpecMapping.IsComment(key.Text))
        {
            problems.Add(key, $"the key '{key.Text}' stands here twice; keep one");
        }
    }
}
