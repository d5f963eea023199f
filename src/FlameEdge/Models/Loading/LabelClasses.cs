using System.Globalization;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>How a label column becomes classes 0…n, decided over the whole source before any row is selected.</summary>
internal abstract class LabelClasses
{
    /// <summary>More classes than this are a column that is no label.</summary>
    public const int MaxCount = 1 << 16;

    /// <summary>Number of classes.</summary>
    public required int Count { get; init; }

    /// <summary>The class of a row.</summary>
    /// <exception cref="DatasetException">The field is empty or outside the classes.</exception>
    public abstract int Of(CsvTable table, int row);

    /// <summary>Finds the classes of a source.</summary>
    public static LabelClasses Of(SourceSpec source, string name, IReadOnlyList<CsvTable> tables)
    {
        var label = source.Label!; // The caller refused a source without one.
        if (source.Bands.Count > 0)
        {
            return Banded(source, name, label);
        }

        string[] texts = [.. tables.SelectMany(table => table.Texts(label).Distinct).Where(text => text.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (texts.Length is 0 or > MaxCount)
        {
            throw SourceFile.Fault(name, $"label column '{label}' holds {(texts.Length == 0 ? "nothing" : $"more than {MaxCount} different values")}; name the column of the classes, or give bands for a measured value");
        }

        var numbers = texts.Select(Number).ToArray();
        return Array.Exists(numbers, number => number is null) ? Named(source, name, label, texts) : Numbered(source, name, label, texts, numbers);
    }

    /// <summary>The class count of integer labels whose largest is <paramref name="largest"/>.</summary>
    public static int CountOf(SourceSpec source, string name, double largest)
    {
        if (source.Classes is < 1 or > MaxCount || largest >= MaxCount)
        {
            throw SourceFile.Fault(name, $"{(source.Classes is { } stated ? $"{stated} classes" : $"class {largest}")} cannot be; there may be 1 to {MaxCount} classes, counted from 0");
        }

        return source.Classes ?? Math.Max(1, (int)largest + 1);
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    private static BandedClasses Banded(SourceSpec source, string name, string label)
    {
        double[] limits = [.. source.Bands];
        for (var i = 0; i < limits.Length; i++)
        {
            if (!double.IsFinite(limits[i]) || (i > 0 && limits[i] <= limits[i - 1]))
            {
                throw SourceFile.Fault(name, $"bands must ascend; {limits[i]} at position {i} does not");
            }
        }

        if (source.Classes is { } stated && stated != limits.Length + 1)
        {
            throw SourceFile.Fault(name, $"{limits.Length} bands make {limits.Length + 1} classes, but the job says {stated}; remove one of the two");
        }

        return new BandedClasses(label, limits) { Count = limits.Length + 1 };
    }

    private static NumberedClasses Numbered(SourceSpec source, string name, string label, string[] texts, double?[] numbers)
    {
        var odd = Array.FindIndex(numbers, number => number != Math.Floor(number!.Value)); // The caller found no null.
        if (odd >= 0)
        {
            throw SourceFile.Fault(name, $"label column '{label}' holds {FaultText.Short(texts[odd])}, which is no class; give bands to turn a measured value into classes");
        }

        var classOf = new Dictionary<string, double>(texts.Zip(numbers, (text, number) => KeyValuePair.Create(text, number!.Value)), StringComparer.Ordinal);
        return new NumberedClasses(label, classOf) { Count = CountOf(source, name, classOf.Values.Max()) };
    }

    private static NamedClasses Named(SourceSpec source, string name, string label, string[] texts)
    {
        if (source.Classes is { } stated && stated != texts.Length)
        {
            throw SourceFile.Fault(name, $"label column '{label}' has {texts.Length} class names, but the job says {stated} classes; names are numbered in their sorted order, so every part must see them all: list all files, or write numbers");
        }

        return new NamedClasses(label, texts) { Count = texts.Length };
    }

    private static DatasetException Empty(CsvTable table, int row, string label) =>
        SourceFile.Fault(table.Place(row), $"the label column '{label}' is empty; name it under 'require' to drop such rows");

    private sealed class BandedClasses(string label, double[] limits) : LabelClasses
    {
        public override int Of(CsvTable table, int row)
        {
            var value = table.Numbers(label)[row];
            if (double.IsNaN(value))
            {
                throw Empty(table, row, label);
            }

            // Limits are inclusive: the first one not below the value.
            var found = Array.BinarySearch(limits, value);
            return found >= 0 ? found : ~found;
        }
    }

    private sealed class NumberedClasses(string label, Dictionary<string, double> classOf) : LabelClasses
    {
        public override int Of(CsvTable table, int row)
        {
            var column = table.Texts(label);
            var text = column.Distinct[column.Code(row)];
            if (text.Length == 0)
            {
                throw Empty(table, row, label);
            }

            var number = classOf[text];
            return number >= 0 && number < Count
                ? (int)number
                : throw SourceFile.Fault(table.Place(row), $"label {FaultText.Short(text)} is outside 0..{Count - 1}; correct the file or 'classes'");
        }
    }

    private sealed class NamedClasses(string label, string[] names) : LabelClasses
    {
        public override int Of(CsvTable table, int row)
        {
            var column = table.Texts(label);
            var found = Array.BinarySearch(names, column.Distinct[column.Code(row)], StringComparer.Ordinal);
            return found >= 0 ? found : throw Empty(table, row, label);
        }
    }
}
