using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Snapshots;

/// <summary>Reads what <see cref="SnapshotWriter"/> wrote; lengths are checked before anything is allocated.</summary>
internal sealed class SnapshotReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> rest = bytes;

    public bool IsAtEnd => this.rest.IsEmpty;

    public bool Flag() => Take(1)[0] != 0;

    public int Whole() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ulong Hash() => (ulong)Long();

    public double Number() => BitConverter.Int64BitsToDouble(Long());

    public float[] Floats() => MemoryMarshal.Cast<byte, float>(Take(4L * Count())).ToArray();

    public int[] Wholes() => MemoryMarshal.Cast<byte, int>(Take(4L * Count())).ToArray();

    public byte[] Blob() => Take(Count()).ToArray();

    public void Random(PortableRandom random) => random.State = (Hash(), Hash(), Hash(), Hash());

    public string Text() => Encoding.UTF8.GetString(Take(Count()));

    /// <summary>As many items as were written.</summary>
    public IEnumerable<T> Items<T>(Func<T> read)
    {
        for (var left = Count(); left > 0; left--)
        {
            yield return read();
        }
    }

    /// <summary>Floats that must be as many as <paramref name="into"/> has.</summary>
    public void Floats(Span<float> into)
    {
        var values = Floats();
        Require(values.Length == into.Length, "an array has another length");
        values.CopyTo(into);
    }

    /// <exception cref="StateException">It does not hold.</exception>
    public static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new StateException($"the stored memory of a site does not fit this job: {what}. Start it in another folder, or with the job it was stored by");
        }
    }

    private int Count()
    {
        var count = Whole();
        Require(count >= 0 && count <= this.rest.Length, "a count is beyond its end");
        return count;
    }

    private ReadOnlySpan<byte> Take(long length)
    {
        Require(length <= this.rest.Length, "it ends too early");
        var taken = this.rest.Span[..(int)length];
        this.rest = this.rest[(int)length..];
        return taken;
    }
}
