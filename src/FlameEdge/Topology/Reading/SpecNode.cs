namespace FlameEdge.Topology.Reading;

/// <summary>A place in a text: <c>file:line:column</c>, both counted from 1. Line 0 stands for a text without lines, such as a command-line argument.</summary>
public readonly record struct SpecPosition(string File, int Line = 0, int Column = 0)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : $"{File}:{Line}:{Column}";
}

/// <summary>A node of a job file's syntax tree, the same for YAML and JSON; it knows where it stands.</summary>
public abstract class SpecNode(SpecPosition position)
{
    /// <summary>Where the node begins.</summary>
    public SpecPosition Position { get; } = position;

    /// <summary>What the node is, for messages.</summary>
    public abstract string Kind { get; }
}

/// <summary>A text, number, truth value or null, kept as it was written.</summary>
public sealed class SpecScalar(SpecPosition position, string text, bool isQuoted = false, bool isNull = false) : SpecNode(position)
{
    /// <summary>The text, without quotes; empty for null. Parameters (<c>${name}</c>) are replaced in place.</summary>
    public string Text { get; internal set; } = text;

    /// <summary>True where quotes say that it is a text and nothing else.</summary>
    public bool IsQuoted { get; } = isQuoted;

    /// <summary>True for <c>null</c>, <c>~</c> and an empty value.</summary>
    public bool IsNull { get; } = isNull;

    /// <inheritdoc/>
    public override string Kind => IsNull ? "nothing" : $"'{Text}'";
}

/// <summary>A list of nodes.</summary>
public sealed class SpecSequence(SpecPosition position, IReadOnlyList<SpecNode> items) : SpecNode(position)
{
    /// <summary>The items, in the order of the file.</summary>
    public IReadOnlyList<SpecNode> Items { get; } = items;

    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A key with its value.</summary>
public readonly record struct SpecEntry(SpecScalar Key, SpecNode Value);

/// <summary>Values by key, in the order of the file. Keys that start with <c>//</c> are comments and may repeat.</summary>
public sealed class SpecMapping : SpecNode
{
    private const int SmallEnoughToScan = 12;
    private readonly List<SpecEntry> entries;
    private Dictionary<string, int>? index;

    /// <summary>A mapping of these entries.</summary>
    public SpecMapping(SpecPosition position, IEnumerable<SpecEntry> entries)
        : this(position, entries.ToList())
    {
    }

    /// <summary>Takes the list as it is: readers make one per mapping and keep nothing of it.</summary>
    internal SpecMapping(SpecPosition position, List<SpecEntry> owned)
        : base(position) => entries = owned;

    /// <summary>The entries, in the order of the file, comments included.</summary>
    public IReadOnlyList<SpecEntry> Entries => entries;

    /// <inheritdoc/>
    public override string Kind => "a mapping";

    /// <summary>The value of <paramref name="key"/>, or null where it is absent.</summary>
    public SpecNode? this[string key] => IndexOf(key) is var at and >= 0 ? entries[at].Value : null;

    /// <summary>True for a key that is a comment.</summary>
    public static bool IsComment(string key) => key.StartsWith("//", StringComparison.Ordinal);

    /// <summary>Replaces or adds a value.</summary>
    internal void Set(SpecScalar key, SpecNode value)
    {
        var at = IndexOf(key.Text);
        if (at >= 0)
        {
            entries[at] = new(key, value);
            return;
        }

        index?.TryAdd(key.Text, entries.Count);
        entries.Add(new(key, value));
    }

    private int IndexOf(string key)
    {
        if (entries.Count <= SmallEnoughToScan)
        {
            for (var at = 0; at < entries.Count; at++)
            {
                if (entries[at].Key.Text == key)
                {
                    return at;
                }
            }

            return -1;
        }

        if (index is null)
        {
            index = new(entries.Count, StringComparer.Ordinal);
            for (var at = 0; at < entries.Count; at++)
            {
                index.TryAdd(entries[at].Key.Text, at);
            }
        }

        return index.GetValueOrDefault(key, -1);
    }
}
