using System.IO.Hashing;
using System.Runtime.InteropServices;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Models;

namespace FlameEdge.Collaborative;

/// <summary>A bounded sample of what a site has seen, so many rows of each class: every row of a class had the same chance to stay.</summary>
/// <remarks>Not thread-safe. Memory: up to capacity · classes · features floats.</remarks>
/// <seealso href="https://doi.org/10.1145/3147.3165">Vitter 1985, algorithm R</seealso>
public sealed class ExampleStore : IRemembered
{
    private readonly List<float[]>[] rows;
    private readonly HashSet<ulong>[]? known;
    private readonly long[] seen;
    private readonly int capacity;
    private readonly PortableRandom random;

    /// <summary>A store of <paramref name="capacity"/> rows per class; a <paramref name="distinct"/> one passes over rows that it holds already.</summary>
    public ExampleStore(int classCount, int capacity, PortableRandom random, bool distinct = false)
    {
        this.rows = [.. Enumerable.Range(0, classCount).Select(_ => new List<float[]>())];
        known = distinct ? [.. Enumerable.Range(0, classCount).Select(_ => new HashSet<ulong>())] : null;
        this.seen = new long[classCount];
        this.capacity = capacity;
        this.random = random;
    }

    /// <summary>Number of classes.</summary>
    public int ClassCount => this.rows.Length;

    /// <summary>Classes with at least one row, in order.</summary>
    public IEnumerable<int> Classes => Enumerable.Range(0, ClassCount).Where(label => this.rows[label].Count > 0);

    /// <summary>The rows kept of a class.</summary>
    public IReadOnlyList<float[]> Rows(int label) => this.rows[label];

    /// <summary>How many rows of a class have been offered.</summary>
    public long Seen(int label) => this.seen[label];

    /// <summary>Offers a row.</summary>
    public void Add(ReadOnlySpan<float> row, int label)
    {
        var print = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(row));
        if (known is not null && known[label].Contains(print))
        {
            return;
        }

        this.seen[label]++;
        if (this.rows[label].Count < this.capacity)
        {
            this.rows[label].Add(row.ToArray());
            known?[label].Add(print);
        }
        else if (this.random.Below((int)Math.Min(this.seen[label], int.MaxValue)) is var place && place < this.capacity)
        {
            known?[label].Remove(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(this.rows[label][place].AsSpan())));
            known?[label].Add(print);
            this.rows[label][place] = row.ToArray();
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
            var row = this.rows[labels[i]][random.Below(this.rows[labels[i]].Count)];
            row.CopyTo(rows[(i * row.Length)..]);
        }

        return count;
    }

    void IRemembered.Write(SnapshotWriter writer)
    {
        writer.Whole(ClassCount);
        for (var label = 0; label < ClassCount; label++)
        {
            writer.Long(this.seen[label]);
            writer.Items(this.rows[label], row => writer.Floats(row));
        }

        writer.Random(this.random);
    }

    void IRemembered.Read(SnapshotReader reader)
    {
        SnapshotReader.Require(reader.Whole() == ClassCount, "it has other classes");
        for (var label = 0; label < ClassCount; label++)
        {
            this.seen[label] = reader.Long();
            this.rows[label].Clear();
            this.rows[label].AddRange(reader.Items(reader.Floats));
            known?[label].Clear();
            known?[label].UnionWith(this.rows[label].Select(row => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(row.AsSpan()))));
        }

        reader.Random(this.random);
    }
}
