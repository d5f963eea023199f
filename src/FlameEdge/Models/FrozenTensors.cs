using System.IO.Enumeration;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models;

/// <summary>Which tensors of a model keep their values: named by pattern, or all below the last layers.</summary>
public static class FrozenTensors
{
    /// <summary>The frozen ones among <paramref name="names"/>, which come in the order of their use, lowest layer first.</summary>
    /// <exception cref="ModelMismatchException">A pattern names nothing, or nothing is left to learn.</exception>
    public static IReadOnlySet<string> Of(ModelSpec spec, IReadOnlyList<string> names)
    {
        var frozen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pattern in spec.Freeze)
        {
            var named = names.Where(name => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)).ToList();
            if (named.Count == 0)
            {
                throw new ModelMismatchException($"model: freeze names '{pattern}', but the model learns {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", …" : "")}");
            }

            frozen.UnionWith(named);
        }

        if (spec.TrainLast is { } count)
        {
            var last = names.Select(LayerOf).Distinct(StringComparer.Ordinal).TakeLast(count).ToHashSet(StringComparer.Ordinal);
            frozen.UnionWith(names.Where(name => !last.Contains(LayerOf(name))));
        }

        return frozen.Count < names.Count || names.Count == 0
            ? frozen
            : throw new ModelMismatchException("model: everything is frozen; leave something to learn");
    }

    // Tensors of one layer share what stands before the last dot: fc1.weight, fc1.bias.
    private static string LayerOf(string name) => name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;
}
