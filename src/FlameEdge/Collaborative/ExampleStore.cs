using System.IO.Hashing;
using System.Runtime.InteropServices;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>A bounded sample of what a site has seen, so many rows of each class: every row of a class had the same chance to stay.</summary>
/// <remarks>Not thread-safe. Memory: up to capacity · classes · features floats.</remarks>
/// <seealso href="https://doi.org/10.1145/3147.3165">Vitter 1985, algorithm R</seealso>
public sealed class ExampleStore
{
    private readonly List<float[]>[] _rows;
    private readonly HashSet<ulong>[]? _known;
    private readonly long[] _seen;
    private readonly int _capacity;
    private readonly PortableRandom _random;

    /// <summary>A store of <paramref name="capacity"/> rows per class; a <paramref name="distinct"/> one passes over rows that it holds already.</summary>
    public ExampleStore(int classCount, int capacity, PortableRandom random, bool distinct = false)
    {
        _rows = [.. Enumerable.Range(0, classCount).Select(_ => new List<float[]>())];
        _known = distinct ? [.. Enumerable.Range(0, classCount).Select(_ => new HashSet<ulong>())] : null;
        _seen = new long[classCount];
        _capacity = capacity;
        _random = random;
    }

    /// <summary>Number of classes.</summary>
    public int ClassCount => _rows.Length;

    /// <summary>Classes with at least one row, in order.</summary>
    public IEnumerable<int> Classes => Enumerable.Range(0, ClassCount).Where(label => _rows[label].Count > 0);

    /// <summary>The rows kept of a class.</summary>
    public IReadOnlyList<float[]> Rows(int label) => _rows[label];

    /// <summary>How many rows of a class have been offered.</summary>
    public long Seen(int label) => _seen[label];

    /// <summary>Offers a row.</summary>
    public void Add(ReadOnlySpan<float> row, int label)
    {
        var print = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(row));
        if (_known is not null && _known[label].Contains(print))
        {
            return;
        }

        _seen[label]++;
        if (_rows[label].Count < _capacity)
        {
            _rows[label].Add(row.ToArray());
            _known?[label].Add(print);
        }
        else if (_random.Below((int)Math.Min(_seen[label], int.MaxValue)) is var place && place < _capacity)
        {
            _known?[label].Remove(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(_rows[label][place].AsSpan())));
            _known?[label].Add(print);
            _rows[label][place] = row.ToArray();
        }
    }

    /// <summary>Draws <paramref name="count"/> rows into <paramref name="rows"/> [count, features]: the class uniform over those there, then the row.</summary>
    /// <returns>Rows drawn: 0 from an empty store.</returns>
    public int Draw(int count, PortableRandom random, Span<float> rows, Span<int> labels)
    {
        int[] present = [.. Classes];
        if (present.Length == 0)
        {
            return 0;
        }

        for (var i = 0; i < count; i++)
        {
            labels[i] = present[random.Below(present.Length)];
            var row = _rows[labels[i]][random.Below(_rows[labels[i]].Count)];
            row.CopyTo(rows[(i * row.Length)..]);
        }

        return count;
    }
}
