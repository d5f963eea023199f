using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>The conditions by index of a <see cref="RowsSpec"/>: first, then count, then every n-th.</summary>
internal static class RowSelection
{
    /// <summary>Indices taken among <paramref name="count"/> rows, ascending.</summary>
    /// <exception cref="DatasetException">A setting is out of range, or nothing is left.</exception>
    public static int[] Indices(string name, int count, RowsSpec rows)
    {
        if (rows.First < 0 || rows.Count < 1 || rows.Every < 1)
        {
            throw SourceFile.Fault(name, $"rows first {rows.First}, count {rows.Count?.ToString() ?? "all"}, every {rows.Every} cannot be; first counts from 0, the others from 1");
        }

        List<int> taken = [];
        var end = Math.Min(count, (long)rows.First + (rows.Count ?? count));
        for (long row = rows.First; row < end; row += rows.Every)
        {
            taken.Add((int)row);
        }

        return taken.Count > 0 ? [.. taken] : throw SourceFile.Fault(name, Nothing(count, rows));
    }

    /// <summary>Refuses conditions on columns where there are none.</summary>
    public static void RequireNoColumns(SourceSpec source)
    {
        var named = source.Features.Count > 0 ? "features"
            : source.Label is not null ? "label"
            : source.Bands.Count > 0 ? "bands"
            : source.Require.Count > 0 ? "require"
            : source.Rows.Where.Count > 0 ? "rows.where"
            : source.Rows.From.Count > 0 ? "rows.from"
            : source.Rows.Before.Count > 0 ? "rows.before" : null;
        if (named is not null)
        {
            throw new DatasetException($"a source of format {source.Format} has no columns; remove '{named}' (rows can be chosen by first, count and every)");
        }
    }

    private static string Nothing(int count, RowsSpec rows) => count == 0
        ? "no rows are selected: none passes the conditions (where, from, before, require); loosen them or check the file"
        : $"no rows are selected: 'first' is {rows.First}, but only {count} rows pass the other conditions";
}
