using System.Globalization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Models.Loading;

/// <summary>Which columns of a file are kept, and as what; a column may be both.</summary>
/// <param name="Numbers">Columns that must hold numbers or nothing.</param>
/// <param name="Texts">Columns whose texts matter: labels, conditions, compass points.</param>
/// <param name="Required">Columns whose empty fields drop the row; <c>*</c> for any.</param>
/// <param name="FindNumbers">True to keep every further column that turns out to hold numbers only.</param>
internal sealed record CsvColumns(IReadOnlyList<string> Numbers, IReadOnlyList<string> Texts, IReadOnlyList<string> Required, bool FindNumbers)
{
    /// <summary>A text that differs wherever the parsed table would.</summary>
    public string Key => $"{Joined(Numbers)}|{Joined(Texts)}|{Joined(Required)}|{FindNumbers}";

    // A length before each name, so that no name can pretend to be two.
    private static string Joined(IReadOnlyList<string> names) =>
        string.Concat(names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => $"{name.Length}:{name}"));
}

/// <summary>The kept columns of one csv file, without the rows that lack a required field.</summary>
/// <remarks>Immutable once read; shared by every dataset of a process that reads the same columns.</remarks>
internal sealed class CsvTable
{
    /// <summary>Most bytes of numbers and text indices one file may keep.</summary>
    private const long MaxBytes = 1L << 31;

    private readonly Dictionary<string, NumberColumn> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TextColumn> _texts = new(StringComparer.Ordinal);
    private readonly List<int> _lines = [];

    private CsvTable(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Number of rows kept.</summary>
    public int Count => _lines.Count;

    /// <summary>All column names of the file, in its order.</summary>
    public IReadOnlyList<string> Columns { get; private set; } = [];

    /// <summary>Roughly the memory this holds.</summary>
    public long Bytes => (_lines.Count * (4L + (8L * _numbers.Count) + (4L * _texts.Count))) + _texts.Values.Sum(column => column.Bytes);

    /// <summary>Reads a file once, from front to back.</summary>
    /// <exception cref="DatasetException">The file is missing, broken, or a kept column is absent or not what it should be.</exception>
    public static CsvTable Read(string path, CsvColumns columns) => SourceFile.Read(path, (stream, _) =>
    {
        using var reader = new CsvReader(stream, path);
        var table = new CsvTable(path) { Columns = reader.Columns };
        table.ReadRows(reader, columns);
        return table;
    });

    /// <summary>A column of numbers, NaN where the field is empty: [rows].</summary>
    public double[] Numbers(string column) => _numbers[column].Values;

    /// <summary>True where every field of the column is a number or empty.</summary>
    public bool IsNumeric(string column) => _numbers.ContainsKey(column);

    /// <summary>True where a numeric column holds at least one number.</summary>
    public bool HasNumber(string column) => _numbers[column].HasAny;

    /// <summary>A column of texts.</summary>
    public TextColumn Texts(string column) => _texts[column];

    /// <summary>Where a row stands, for messages: <c>file:line</c>.</summary>
    public string Place(int row) => $"{Path}:{_lines[row]}";

    /// <summary>Where a distinct text of a column first stands among the kept rows; the file alone where it was dropped.</summary>
    public string PlaceOf(TextColumn column, int code)
    {
        var row = Enumerable.Range(0, Count).Cast<int?>().FirstOrDefault(row => column.Code(row!.Value) == code); // The range has no nulls.
        return row is null ? Path : Place(row.Value);
    }

    private void ReadRows(CsvReader reader, CsvColumns columns)
    {
        foreach (var name in columns.Numbers)
        {
            _numbers[name] = new NumberColumn(Find(name), IsStrict: true);
        }

        foreach (var name in columns.Texts)
        {
            _texts[name] = new TextColumn(Find(name));
        }

        if (columns.FindNumbers)
        {
            foreach (var name in Columns.Where(name => !_numbers.ContainsKey(name) && !_texts.ContainsKey(name)))
            {
                _numbers[name] = new NumberColumn(Find(name), IsStrict: false);
            }
        }

        int[] required = columns.Required is ["*"] ? [.. Enumerable.Range(0, Columns.Count)] : [.. columns.Required.Select(Find)];
        while (reader.Read())
        {
            ReadRow(reader, required);
        }

        foreach (var column in _numbers.Values)
        {
            column.Seal();
        }
    }

    private void ReadRow(CsvReader reader, int[] required)
    {
        if (LacksRequired(reader, required))
        {
            // The row is gone, but its texts still count: the set of classes must not depend on which sensors failed.
            foreach (var column in _texts.Values)
            {
                column.Know(reader);
            }

            return;
        }

        foreach (var (name, column) in _numbers)
        {
            if (!column.TryAdd(reader, Path, name))
            {
                _numbers.Remove(name);
            }
        }

        foreach (var column in _texts.Values)
        {
            column.Add(reader);
        }

        _lines.Add(reader.Line);
        if ((_lines.Count & 0x3FF) == 0 && Bytes > MaxBytes)
        {
            throw SourceFile.Fault(Path, $"the columns in use need more than {MaxBytes >> 20} MiB; split the file or name fewer features");
        }
    }

    private static bool LacksRequired(CsvReader reader, int[] required)
    {
        foreach (var column in required)
        {
            if (reader[column].IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    private int Find(string name)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i] == name)
            {
                return i;
            }
        }

        throw SourceFile.Fault(Path, $"there is no column '{FaultText.Short(name)}'{FaultText.Hint(name, Columns)}");
    }

    private sealed record NumberColumn(int Index, bool IsStrict)
    {
        private List<double> _values = [];

        public bool HasAny { get; private set; }

        public double[] Values { get; private set; } = [];

        public void Seal() => (Values, _values) = ([.. _values], []);

        public bool TryAdd(CsvReader reader, string path, string name)
        {
            var field = reader[Index];
            if (field.IsEmpty)
            {
                _values.Add(double.NaN);
                return true;
            }

            if (!double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            {
                return IsStrict
                    ? throw SourceFile.Fault($"{path}:{reader.Line}", $"column '{name}': '{FaultText.Short(field)}' is not a finite number (decimal point; an empty field is a missing value)")
                    : false;
            }

            HasAny = true;
            _values.Add(value);
            return true;
        }
    }
}

/// <summary>A column of texts, each distinct one kept once.</summary>
internal sealed class TextColumn(int index)
{
    private readonly Dictionary<string, int> _codes = new(StringComparer.Ordinal);
    private readonly List<string> _distinct = [];
    private readonly List<int> _rows = [];
    private long _chars;

    /// <summary>The distinct texts of the file in order of appearance, those of dropped rows included.</summary>
    public IReadOnlyList<string> Distinct => _distinct;

    /// <summary>Roughly the memory of the texts.</summary>
    public long Bytes => (_chars * 2) + (_distinct.Count * 64L);

    /// <summary>The index in <see cref="Distinct"/> of a row's text.</summary>
    public int Code(int row) => _rows[row];

    /// <summary>The index of a text, or -1 where it does not occur.</summary>
    public int CodeOf(string text) => _codes.GetValueOrDefault(text, -1);

    /// <summary>Appends the current record's field.</summary>
    public void Add(CsvReader reader) => _rows.Add(Know(reader));

    /// <summary>Counts the current record's field among the distinct texts.</summary>
    public int Know(CsvReader reader)
    {
        var field = reader[index];
        var lookup = _codes.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(field, out var code))
        {
            code = _distinct.Count;
            var text = field.ToString();
            _distinct.Add(text);
            _codes.Add(text, code);
            _chars += text.Length;
        }

        return code;
    }
}
