using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>Cuts the rows of a source into parts; every row is in exactly one of them.</summary>
/// <remarks>A part is computed from the whole cut, so that devices that each load their own part agree without talking.</remarks>
internal static class Partition
{
    private static readonly string[] Kinds = ["iid", "blocks", "modulo", "shards", "dirichlet", "column"];

    /// <summary>The rows of one part, in the order in which the part has them.</summary>
    /// <exception cref="DatasetException">A setting is out of range, or the part is empty.</exception>
    public static int[] RowsOf(PartSpec part, RowTable table)
    {
        Check(part, table);
        var rows = part.Kind switch
        {
            "iid" => Block(Shuffled(table.Count, part.Seed), part.Parts, part.Index),
            "blocks" => Block(Ascending(table.Count), part.Parts, part.Index),
            "modulo" => [.. Ascending(table.Count).Where(row => row % part.Parts == part.Index)],
            "shards" => Shards(part, table.Labels),
            "dirichlet" => DirichletPartition.Cut(part, table.Labels, table.ClassCount)[part.Index],
            _ => Column(part, table),
        };
        return rows.Length > 0 ? rows : throw Fault(table, Empty(part, table));
    }

    /// <summary>Where block <paramref name="index"/> of <paramref name="blocks"/> lies in <paramref name="count"/> items: the first ones are longer by one (numpy.array_split).</summary>
    public static (int Start, int Length) Span(int count, int blocks, int index)
    {
        var (size, longer) = Math.DivRem(count, blocks);
        return ((index * size) + Math.Min(index, longer), size + (index < longer ? 1 : 0));
    }

    private static void Check(PartSpec part, RowTable table)
    {
        if (!Kinds.Contains(part.Kind))
        {
            throw new DatasetException($"there is no partition '{FaultText.Short(part.Kind)}'{FaultText.Hint(part.Kind, Kinds)}");
        }

        if (part.Kind == "column")
        {
            return;
        }

        if (part.Parts < 1 || part.Index < 0 || part.Index >= part.Parts)
        {
            throw Fault(table, $"part {part.Index} of {part.Parts} cannot be; parts are counted from 0");
        }

        if (part.Kind == "shards" && (part.ShardsPerPart < 1 || (long)part.ShardsPerPart * part.Parts > table.Count))
        {
            throw Fault(table, $"{part.Parts} parts of {part.ShardsPerPart} shards cannot be cut from {table.Count} rows; take fewer");
        }

        if (part.Kind == "dirichlet" && (!(part.Alpha is >= 1e-6 and <= 1e6) || part.Parts > table.Count))
        {
            throw Fault(table, $"{part.Parts} dirichlet parts with alpha {part.Alpha} cannot be cut from {table.Count} rows; alpha lies in 1e-6..1e6 and every part needs a row");
        }
    }

    private static int[] Ascending(int count) => [.. Enumerable.Range(0, count)];

    private static int[] Shuffled(int count, ulong seed)
    {
        var rows = Ascending(count);
        new PortableRandom(seed).Shuffle(rows);
        return rows;
    }

    private static int[] Block(int[] rows, int blocks, int index)
    {
        var (start, length) = Span(rows.Length, blocks, index);
        return rows[start..(start + length)];
    }

    // McMahan et al. 2017, section 3: sort by label, cut into shards, give each client a few; here in turn, without random numbers.
    private static int[] Shards(PartSpec part, int[] labels)
    {
        int[] sorted = [.. Ascending(labels.Length).OrderBy(row => labels[row])]; // A stable sort.
        var shards = part.Parts * part.ShardsPerPart;
        return [.. Enumerable.Range(0, part.ShardsPerPart).SelectMany(turn => Block(sorted, shards, part.Index + (turn * part.Parts)))];
    }

    private static int[] Column(PartSpec part, RowTable table)
    {
        if (part.Column is null || part.Value is null)
        {
            throw Fault(table, "a partition by column needs the 'column' and the 'value' that is this part");
        }

        return table.RowsWith(part.Column, part.Value) ?? throw Fault(table, "the source has no columns to be cut by; choose another partition");
    }

    private static string Empty(PartSpec part, RowTable table) => part.Kind == "column"
        ? $"no selected row has '{FaultText.Short(part.Value)}' in column '{part.Column}'; remove this dataset or correct the value"
        : $"part {part.Index} is empty: {table.Count} rows cannot be cut into {part.Parts} parts; take fewer";

    private static DatasetException Fault(RowTable table, string message) => SourceFile.Fault(table.Name, message);
}
