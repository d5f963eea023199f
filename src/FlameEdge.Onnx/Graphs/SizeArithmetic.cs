using System.Globalization;
using FlameEdge.Onnx.Format;

namespace FlameEdge.Onnx.Graphs;

/// <summary>Follows lists of sizes through a graph, as exporters write them: Shape, Gather, Concat and the like.</summary>
/// <remarks>A size is a number, the name of an open one, or null where nothing is known. The runtime itself does not follow them.</remarks>
internal sealed class SizeArithmetic
{
    // Longer lists are data and no sizes.
    private const int MaxCount = 16;

    private readonly Dictionary<string, string?[]> _sizes = new(StringComparer.Ordinal);
    private readonly ForwardGraph _forward;
    private readonly ValueTypes _types;

    public SizeArithmetic(ForwardGraph forward, ValueTypes types)
    {
        (_forward, _types) = (forward, types);
        foreach (var node in forward.Graph.Node)
        {
            if (node.Output.Count == 1 && Follow(node) is { Length: <= MaxCount } sizes)
            {
                _sizes[node.Output[0]] = sizes;
            }
        }
    }

    /// <summary>The sizes in the list <paramref name="value"/>, or null where it is no such list.</summary>
    public string?[]? Of(string value)
    {
        if (_sizes.TryGetValue(value, out var sizes))
        {
            return sizes;
        }

        return _types.ConstantOf(value) is { Length: <= MaxCount } numbers ? [.. numbers.Select(Text)] : null;
    }

    private string?[]? Follow(NodeProto node) => node.OpType switch
    {
        "Shape" => Shape(node),
        "Identity" or "Cast" or "Squeeze" or "Unsqueeze" => Of(node.Input[0]),
        "Gather" when node.Int("axis", 0) == 0 => Gather(node),
        "Slice" when node.Input.Count <= 4 => Slice(node),
        "Concat" => Concat(node),
        "Add" => Combine(node, 0, (left, right) => left + right),
        "Sub" => Combine(node, 0, (left, right) => left - right),
        "Mul" => Combine(node, 1, (left, right) => left * right),
        "Div" => Combine(node, 1, (left, right) => right == 0 ? 0 : left / right),
        _ => null,
    };

    private string?[]? Shape(NodeProto node)
    {
        if (_types.Of(node.Input[0]) is not { } type)
        {
            return null;
        }

        var all = type.Dimensions.Zip(type.Symbols, (size, symbol) => size >= 0 ? Text(size) : symbol.Length > 0 ? symbol : null).ToArray();
        return Range(all, node.Int("start", 0), node.Int("end", all.Length));
    }

    private string?[]? Gather(NodeProto node)
    {
        var (sizes, indices) = (Of(node.Input[0]), _types.ConstantOf(node.Input[1]));
        return sizes is not null && indices is not null && indices.All(index => index >= -sizes.Length && index < sizes.Length)
            ? [.. indices.Select(index => sizes[index < 0 ? index + sizes.Length : index])]
            : null;
    }

    private string?[]? Slice(NodeProto node) =>
        Of(node.Input[0]) is { } sizes && _types.ConstantOf(node.Input[1]) is [var start] && _types.ConstantOf(node.Input[2]) is [var end]
            ? Range(sizes, start, end)
            : null;

    private string?[]? Concat(NodeProto node)
    {
        var parts = node.Input.Select(Of).ToList();
        return parts.All(part => part is not null) ? [.. parts.SelectMany(part => part!)] : null;
    }

    // A name survives only what does not change it.
    private string?[]? Combine(NodeProto node, long neutral, Func<long, long, long> function)
    {
        if (Of(node.Input[0]) is not { } left || Of(node.Input[1]) is not { } right || (left.Length != right.Length && left.Length != 1 && right.Length != 1))
        {
            return null;
        }

        return [.. Enumerable.Range(0, Math.Max(left.Length, right.Length)).Select(i => One(left[left.Length == 1 ? 0 : i], right[right.Length == 1 ? 0 : i]))];

        string? One(string? a, string? b) => Number(a) is { } x && Number(b) is { } y
            ? Text(function(x, y))
            : Number(b) == neutral ? a : null;
    }

    private static string?[] Range(string?[] sizes, long start, long end)
    {
        var (from, to) = ((int)Place(start), (int)Place(end));
        return from < to ? sizes[from..to] : [];

        long Place(long index) => Math.Clamp(index < 0 ? index + sizes.Length : index, 0, sizes.Length);
    }

    private static long? Number(string? size) =>
        long.TryParse(size, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < int.MaxValue ? number : null;

    private static string Text(long size) => size.ToString(CultureInfo.InvariantCulture);
}
