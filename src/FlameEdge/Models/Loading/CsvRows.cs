using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading;

/// <summary>The selected rows of one or more csv files, read one after the other.</summary>
internal sealed class CsvRows : RowTable
{
    private readonly CsvTable[] _tables;
    private readonly FeatureColumn[][] _columns;
    private readonly string[] _featureNames;
    private readonly RowAddress[] _rows;
    private readonly double _scale;

    private CsvRows(CsvTable[] tables, IReadOnlyList<FeatureSpec> features, RowAddress[] rows, double scale)
    {
        _tables = tables;
        _columns = [.. tables.Select(table => features.Select(feature => FeatureColumn.Of(feature, table)).ToArray())];
        _featureNames = [.. features.SelectMany(FeatureColumn.Names)];
        _rows = rows;
        _scale = scale;
    }

    /// <summary>Opens the files and selects the rows.</summary>
    /// <param name="source">What to read.</param>
    /// <param name="partColumn">The column that will cut the rows into parts, or null.</param>
    /// <param name="read">Reads one file, or takes it from where it has been read already.</param>
    public static CsvRows Open(SourceSpec source, string? partColumn, Func<string, CsvColumns, CsvTable> read)
    {
        if (source.Paths.Count == 0 || source.LabelsPath is not null || source.Label is null)
        {
            throw new DatasetException($"a csv source needs {(source.Paths.Count == 0 ? "at least one file under 'paths'" : source.Label is null ? "the name of its 'label' column" : "no 'labelsPath': its labels are a column")}");
        }

        var columns = ColumnsOf(source, partColumn);
        CsvTable[] tables = [.. source.Paths.Select(path => read(path, columns))];
        var name = source.Paths.Count == 1 ? source.Paths[0] : $"{source.Paths[0]} and {source.Paths.Count - 1} more";
        var classes = LabelClasses.Of(source, name, tables);
        var features = source.Features.Count > 0 ? source.Features : FindFeatures(source, name, partColumn, tables);
        var passing = Passing(source, tables);
        RowAddress[] rows = [.. RowSelection.Indices(name, passing.Count, source.Rows).Select(index => passing[index])];
        return new CsvRows(tables, features, rows, source.Scale)
        {
            Name = name,
            SampleShape = [features.Sum(feature => FeatureColumn.Names(feature).Length)],
            ClassCount = classes.Count,
            Labels = [.. rows.Select(row => classes.Of(tables[row.Table], row.Row))],
            Measured = source.Bands.Count == 0 ? null : new MeasuredLabels(Array.ConvertAll(rows, row => tables[row.Table].Numbers(source.Label)[row.Row]), source.Bands),
        };
    }

    /// <inheritdoc/>
    public override void Read(int row, Span<double> features)
    {
        var address = _rows[row];
        var at = 0;
        foreach (var column in _columns[address.Table])
        {
            column.Read(address.Row, features[at..]);
            at += column.Width;
        }

        foreach (ref var feature in features)
        {
            feature *= _scale;
        }
    }

    /// <inheritdoc/>
    public override string FeatureName(int feature) => $"column '{_featureNames[feature]}'";

    /// <inheritdoc/>
    public override string Place(int row) => _tables[_rows[row].Table].Place(_rows[row].Row);

    /// <inheritdoc/>
    public override int[] RowsWith(string column, string value)
    {
        var texts = Array.ConvertAll(_tables, table => table.Texts(column));
        var codes = Array.ConvertAll(texts, text => text.CodeOf(value));
        return [.. Enumerable.Range(0, Count).Where(row => texts[_rows[row].Table].Code(_rows[row].Row) == codes[_rows[row].Table])];
    }

    // Names only, never the values compared with: the training and the test rows of a file share one reading of it.
    private static CsvColumns ColumnsOf(SourceSpec source, string? partColumn)
    {
        List<string> numbers = [.. source.Rows.From.Concat(source.Rows.Before).Select(bound => bound.Key)];
        List<string> texts = [.. source.Rows.Where.Keys];
        texts.AddRange(partColumn is null ? [] : [partColumn]);
        (source.Bands.Count > 0 ? numbers : texts).Add(source.Label!); // Open refused a source without a label.
        foreach (var feature in source.Features)
        {
            (FeatureColumn.IsText(feature) ? texts : numbers).Add(feature.Column);
        }

        return new CsvColumns(numbers, texts, source.Require, FindNumbers: source.Features.Count == 0);
    }

    private static List<FeatureSpec> FindFeatures(SourceSpec source, string name, string? partColumn, CsvTable[] tables)
    {
        var features = tables[0].Columns
            .Where(column => column != source.Label && column != partColumn && !source.Rows.Where.ContainsKey(column))
            .Where(column => Array.TrueForAll(tables, table => table.IsNumeric(column)) && Array.Exists(tables, table => table.HasNumber(column)))
            .Select(column => new FeatureSpec { Column = column })
            .ToList();
        return features.Count > 0 ? features : throw SourceFile.Fault(name, "no column holds numbers only; name the features");
    }

    private static List<RowAddress> Passing(SourceSpec source, CsvTable[] tables)
    {
        List<RowAddress> passing = [];
        for (var i = 0; i < tables.Length; i++)
        {
            var condition = new RowCondition(source.Rows, tables[i]);
            for (var row = 0; row < tables[i].Count; row++)
            {
                if (condition.Holds(row))
                {
                    passing.Add(new RowAddress(i, row));
                }
            }
        }

        return passing;
    }

    private readonly record struct RowAddress(int Table, int Row);
}
