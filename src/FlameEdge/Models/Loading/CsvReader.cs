using System.Buffers;
using System.Text;
using FlameEdge.Diagnostics;

namespace FlameEdge.Models.Loading;

/// <summary>Reads a comma separated file record by record: UTF-8, RFC 4180 quotes, every record as wide as the header.</summary>
/// <remarks>
/// Strict on purpose: a ragged or half quoted line is where a file was cut or joined, and silently shifted columns are the costliest
/// fault data can have. One record is in memory at a time; it is refused above <see cref="MaxRecordChars"/>, so a binary file cannot eat memory.
/// </remarks>
internal sealed class CsvReader : IDisposable
{
    /// <summary>Longest record, in characters.</summary>
    public const int MaxRecordChars = 1 << 22;

    private const char ByteOrderMark = '\uFEFF';

    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    private readonly string _path;
    private readonly StreamReader _reader;
    private readonly char[] _block = new char[1 << 15];
    private readonly List<int> _ends = [];
    private int _blockAt;
    private int _blockLength;
    private char[] _record = new char[1 << 10];
    private int _recordLength;
    private int _nextLine = 1;

    /// <summary>Opens the text and reads the header.</summary>
    public CsvReader(Stream stream, string path)
    {
        _path = path;
        _reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: false);
        _blockAt += Peek() == ByteOrderMark ? 1 : 0;
        Columns = ReadHeader();
    }

    /// <summary>The column names in file order.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The line on which the current record starts, counted from 1.</summary>
    public int Line { get; private set; }

    /// <summary>A field of the current record; valid until the next <see cref="Read"/>.</summary>
    public ReadOnlySpan<char> this[int column]
    {
        get
        {
            var start = column == 0 ? 0 : _ends[column - 1];
            return _record.AsSpan(start, _ends[column] - start);
        }
    }

    /// <summary>Moves to the next record; false at the end of the file.</summary>
    /// <exception cref="DatasetException">The record is ragged, half quoted, too long or not UTF-8.</exception>
    public bool Read()
    {
        if (!ReadRecord())
        {
            return false;
        }

        if (_ends.Count != Columns.Count)
        {
            throw Fault($"the line has {_ends.Count} fields, the header has {Columns.Count}; the file may be cut or joined wrongly");
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    private List<string> ReadHeader()
    {
        if (!ReadRecord())
        {
            throw SourceFile.Fault(_path, "the file is empty; a header row with the column names is expected");
        }

        List<string> names = [];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < _ends.Count; i++)
        {
            names.Add(this[i].ToString());
            if (!seen.Add(names[i]))
            {
                throw Fault($"column '{FaultText.Short(names[i])}' stands twice in the header; rename one");
            }
        }

        return names;
    }

    private bool ReadRecord()
    {
        Line = _nextLine;
        _ends.Clear();
        _recordLength = 0;
        if (Peek() < 0)
        {
            return false;
        }

        while (ReadField())
        {
        }

        return true;
    }

    // Appends one field; true where a comma follows, so that the record goes on.
    private bool ReadField()
    {
        if (Peek() == '"')
        {
            ReadQuoted();
        }
        else
        {
            ReadPlain();
        }

        _ends.Add(_recordLength);
        switch (Next())
        {
            case ',':
                return true;
            case '\r' when Peek() == '\n':
                Next();
                _nextLine++;
                return false;
            case '\n':
                _nextLine++;
                return false;
            case -1:
                return false;
            default:
                throw Fault($"field {_ends.Count} has a quote or carriage return in its middle; quote the whole field and double the quotes inside");
        }
    }

    private void ReadPlain()
    {
        while (Peek() >= 0)
        {
            var rest = _block.AsSpan(_blockAt, _blockLength - _blockAt);
            var stop = rest.IndexOfAny(Special);
            Append(stop < 0 ? rest : rest[..stop]);
            _blockAt += stop < 0 ? rest.Length : stop;
            if (stop >= 0)
            {
                return;
            }
        }
    }

    private void ReadQuoted()
    {
        Next();
        while (true)
        {
            if (Peek() < 0)
            {
                throw Fault($"the quote that opens field {_ends.Count + 1} is never closed; the file may be cut");
            }

            var rest = _block.AsSpan(_blockAt, _blockLength - _blockAt);
            var stop = rest.IndexOf('"');
            var text = stop < 0 ? rest : rest[..stop];
            _nextLine += text.Count('\n');
            Append(text);
            _blockAt += text.Length;
            if (stop < 0)
            {
                continue;
            }

            Next();
            if (Peek() != '"')
            {
                return;
            }

            Append(['"']);
            Next();
        }
    }

    private void Append(ReadOnlySpan<char> text)
    {
        if (_recordLength + text.Length > MaxRecordChars)
        {
            throw Fault($"the line is longer than {MaxRecordChars} characters; is this a text file with line ends?");
        }

        if (_recordLength + text.Length > _record.Length)
        {
            Array.Resize(ref _record, Math.Max(_record.Length * 2, _recordLength + text.Length));
        }

        text.CopyTo(_record.AsSpan(_recordLength));
        _recordLength += text.Length;
    }

    private int Next()
    {
        var next = Peek();
        _blockAt += next < 0 ? 0 : 1;
        return next;
    }

    private int Peek()
    {
        if (_blockAt == _blockLength)
        {
            try
            {
                (_blockAt, _blockLength) = (0, _reader.Read(_block));
            }
            catch (DecoderFallbackException error)
            {
                throw SourceFile.Fault(_path, $"the text after line {Line} is not UTF-8; convert the file (or name it .gz if it is packed)", error);
            }
        }

        return _blockLength == 0 ? -1 : _block[_blockAt];
    }

    private DatasetException Fault(string message) => SourceFile.Fault($"{_path}:{Line}", message);
}
