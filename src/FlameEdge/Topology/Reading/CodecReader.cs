using System.Globalization;

namespace FlameEdge.Topology.Reading;

/// <summary>Reads a channel's <c>codec</c>: a step, a list of steps, or one of these for each direction.</summary>
internal sealed class CodecReader(string channel, SpecProblems problems)
{
    private const int SmallestBlock = 8;
    private const int LargestBlock = 65536;
    private const string Delta = "delta";
    private const string TopK = "top-k";

    private static readonly Dictionary<string, ValueKind> Formats = Enum.GetValues<ValueKind>().ToDictionary(CodecSpec.NameOf, StringComparer.Ordinal);

    private static readonly string[] Words = [.. Formats.Keys, TopK, Delta];

    public (CodecSpec Up, CodecSpec Down) Read(SpecNode? node)
    {
        if (node is not SpecMapping mapping)
        {
            return (Chain(node, isUp: true), Chain(node, isUp: false));
        }

        var fields = new Fields(mapping, $"codec of {channel}", JobKeys.Codec, problems);
        return (Chain(fields["up"], isUp: true), Chain(fields["down"], isUp: false));
    }

    private CodecSpec Chain(SpecNode? node, bool isUp)
    {
        var chain = CodecSpec.Plain;
        var step = 0;
        foreach (var item in node is SpecSequence list ? list.Items : node is null ? [] : [node])
        {
            if (item is not SpecScalar { IsNull: false } scalar)
            {
                problems.Add(item, $"{channel}: codec is {item.Kind}, but must be a step such as int8, a list of steps, or {{ up: ..., down: ... }}");
                continue;
            }

            // Before a delta comes nothing, before top-k only a delta, after a value format nothing.
            var words = scalar.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var rank = words is [Delta, ..] ? 1 : words is [TopK, ..] ? 2 : 3;
            if (rank <= step)
            {
                problems.Add(item, $"{channel}: codec step '{scalar.Text}' cannot stand here; the order is delta, top-k, then one of {string.Join(", ", Formats.Keys)}");
                continue;
            }

            step = rank;
            chain = Step(chain, scalar, words, isUp);
        }

        return chain;
    }

    private CodecSpec Step(CodecSpec chain, SpecScalar scalar, string[] words, bool isUp)
    {
        switch (words)
        {
            case [Delta]:
                if (isUp)
                {
                    problems.Add(scalar, $"{channel}: codec 'delta' cannot go up, where the change against the model both sides hold travels anyway; remove it, or write codec: {{ down: [delta, ...] }}");
                }

                return chain with { IsDelta = true };
            case [TopK, var text] when Share(text) is { } share:
                RequireChange(chain, scalar, isUp);
                return chain with { TopShare = share };
            case [TopK, ..]:
                problems.Add(scalar, $"{channel}: codec '{scalar.Text}' must say the share of values that travel, above 0% and up to 100%, such as top-k 1%");
                return chain;
            case [var name] when Formats.TryGetValue(name, out var format):
                return WithValues(chain, scalar, format, null, isUp);
            case ["int8" or "sign", var text] when Block(text) is { } block:
                return WithValues(chain, scalar, Formats[words[0]], block, isUp);
            case ["int8" or "sign", ..]:
                problems.Add(scalar, $"{channel}: codec '{scalar.Text}' has no such block; write {words[0]}, or {words[0]} N with a multiple of {SmallestBlock} from {SmallestBlock} to {LargestBlock}");
                return chain;
            default:
                problems.Add(scalar, $"{channel}: unknown codec '{scalar.Text}'; use {string.Join(", ", Words)}{problems.Hint(words.Length == 0 ? "" : words[0], Words)}");
                return chain;
        }
    }

    private CodecSpec WithValues(CodecSpec chain, SpecScalar scalar, ValueKind format, int? block, bool isUp)
    {
        if (format == ValueKind.Sign)
        {
            RequireChange(chain, scalar, isUp);
        }

        if (format == ValueKind.Sign && chain.TopShare is not null)
        {
            problems.Add(scalar, $"{channel}: codec 'sign' after top-k would make all values that travel equally large; use float32, float16, bfloat16 or int8");
        }

        return chain with { Values = format, Block = block };
    }

    // Most of a model's own values matter, however small; of a change the rest can follow later.
    private void RequireChange(CodecSpec chain, SpecScalar scalar, bool isUp)
    {
        if (!isUp && !chain.IsDelta)
        {
            problems.Add(scalar, $"{channel}: codec '{scalar.Text}' carries changes, and down goes the model; put delta before it, or write codec: {{ up: {scalar.Text}, down: float16 }}");
        }
    }

    private static int? Block(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var block) && block is >= SmallestBlock and <= LargestBlock && block % SmallestBlock == 0 ? block : null;

    private static double? Share(string text) =>
        text.EndsWith('%') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100
            ? percent / 100
            : null;
}
