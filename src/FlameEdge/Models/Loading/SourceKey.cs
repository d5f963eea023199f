using System.Text;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>A text that is equal for sources with equal rows; records compare their lists by reference and so cannot be keys themselves.</summary>
internal static class SourceKey
{
    /// <summary>The key of a source, the state of its files included.</summary>
    public static string Of(SourceSpec source)
    {
        var key = new StringBuilder();
        Add(key, source.Format, source.Label, source.Classes, source.Scale, source.Rows.First, source.Rows.Count, source.Rows.Every);
        Add(key, [.. source.Paths.Append(source.LabelsPath).OfType<string>().Select(SourceFile.Stamp)]);
        Add(key, [.. source.Features.Select(feature => $"{feature.Kind} {feature.Period:R} {feature.Offset:R} {feature.Column}")]);
        Add(key, [.. source.Bands.Cast<object>()]);
        Add(key, [.. source.Require]);
        Add(key, [.. source.Rows.Where.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => new[] { pair.Key, pair.Value })]);
        Add(key, [.. source.Rows.From.Select(bound => $"{bound.Value:R} {bound.Key}")]);
        Add(key, [.. source.Rows.Before.Select(bound => $"{bound.Value:R} {bound.Key}")]);
        Add(key, [.. source.Generator.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value:R} {pair.Key}")]);
        return key.ToString();
    }

    // Counts and lengths stand before the texts, so that no text can pretend to be two.
    private static void Add(StringBuilder key, params object?[] values)
    {
        key.Append(values.Length).Append('[');
        foreach (var value in values)
        {
            var text = value is double number ? number.ToString("R") : value?.ToString();
            key.Append(text?.Length ?? -1).Append(':').Append(text);
        }

        key.Append(']');
    }
}
