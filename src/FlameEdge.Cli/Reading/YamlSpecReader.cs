using FlameEdge.Topology.Reading;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace FlameEdge.Cli.Reading;

/// <summary>Reads YAML into a <see cref="SpecNode"/>, event by event. What can grow without bound or mean several things is refused: anchors, aliases, tags, several documents.</summary>
public static class YamlSpecReader
{
    /// <summary>Largest text, in characters: a job with tens of thousands of devices, and no more than a second of parsing.</summary>
    public const int MaxLength = 32 << 20;

    /// <summary>Reads a whole text; null where it was refused.</summary>
    public static SpecNode? Read(string text, string file, SpecProblems problems)
    {
        if (text.Length > MaxLength)
        {
            problems.Add(new SpecPosition(file), $"the file has {text.Length} characters, above {MaxLength}; write it as JSON");
            return null;
        }

        var before = problems.Count;
        try
        {
            var root = new Walk(new Parser(new Scanner(new StringReader(text))), file, problems).Document();
            return problems.Count == before ? root : null;
        }
        catch (YamlException exception)
        {
            problems.Add(At(file, exception.Start), $"malformed YAML: {exception.Message.ReplaceLineEndings(" ")}; correct the text here or just before");
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner lets a few broken texts (half escapes, odd directives) escape as other exceptions, without a position.
            problems.Add(new SpecPosition(file), $"malformed YAML: {exception.Message.ReplaceLineEndings(" ")}; correct the text");
        }

        return null;
    }

    private static SpecPosition At(string file, Mark mark) => new(file, (int)mark.Line, (int)mark.Column);

    private sealed class Walk(IParser parser, string file, SpecProblems problems)
    {
        private const string NoAnchors = "anchors and aliases (& and *) are not read; write the value out, or use parameters: and ${name}";

        public SpecNode? Document()
        {
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
            {
                problems.Add(new SpecPosition(file, 1, 1), "the file is empty; describe a job");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = Node(0);
            parser.Consume<DocumentEnd>();
            if (root is not null && !parser.Accept<StreamEnd>(out _))
            {
                problems.Add(At(file, parser.Current!.Start), "a second document begins here; a job file is one document");
            }

            return root;
        }

        /// <summary>The next node; null where reading on makes no sense.</summary>
        private SpecNode? Node(int depth)
        {
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                return Refuse(alias, NoAnchors);
            }

            var next = parser.Consume<NodeEvent>();
            if (!next.Anchor.IsEmpty)
            {
                return Refuse(next, NoAnchors);
            }

            if (!next.Tag.IsEmpty && !next.Tag.IsNonSpecific)
            {
                return Refuse(next, $"tags such as {next.Tag.Value} are not read; write the plain value");
            }

            if (depth == JsonSpecReader.MaxDepth)
            {
                return Refuse(next, $"this is nested deeper than {JsonSpecReader.MaxDepth} levels; no job needs that");
            }

            return next switch
            {
                Scalar scalar => ScalarOf(scalar),
                SequenceStart => Sequence(next, depth),
                _ => Mapping(next, depth),
            };
        }

        private SpecSequence? Sequence(NodeEvent start, int depth)
        {
            var items = new List<SpecNode>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                if (Node(depth + 1) is not { } item)
                {
                    return null;
                }

                items.Add(item);
            }

            return new(At(file, start.Start), items);
        }

        private SpecMapping? Mapping(NodeEvent start, int depth)
        {
            var entries = new List<SpecEntry>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (Node(depth + 1) is not { } node)
                {
                    return null;
                }

                if (node is not SpecScalar key)
                {
                    problems.Add(node, $"a key must be a single value, but this is {node.Kind}");
                    return null;
                }

                if (!seen.Add(key.Text) && !SpecMapping.IsComment(key.Text))
                {
                    problems.Add(key, $"the key '{key.Text}' stands here twice; keep one");
                }

                if (Node(depth + 1) is not { } value)
                {
                    return null;
                }

                entries.Add(new(key, value));
            }

            return new(At(file, start.Start), entries);
        }

        private SpecScalar ScalarOf(Scalar scalar)
        {
            var isPlain = scalar.Style == ScalarStyle.Plain;
            var isNull = isPlain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
            return new(At(file, scalar.Start), isPlain && isNull ? "" : scalar.Value, !isPlain, isPlain && isNull);
        }

        private SpecNode? Refuse(ParsingEvent at, string message)
        {
            problems.Add(At(file, at.Start), message);
            return null;
        }
    }
}
