using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Snapshots;

/// <summary>Writes a site's whole memory, little-endian; <see cref="SnapshotReader"/> reads it back in the same order.</summary>
internal sealed class SnapshotWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new(1 << 16);

    public ReadOnlySequence<byte> Bytes => new(buffer.WrittenMemory);

    public void Flag(bool value) => buffer.Write([(byte)(value ? 1 : 0)]);

    public void Whole(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
    }

    public void Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    public void Hash(ulong value) => Long((long)value);

    public void Number(double value) => Long(BitConverter.DoubleToInt64Bits(value));

    public void Floats(ReadOnlySpan<float> values)
    {
        Whole(values.Length);
        buffer.Write(MemoryMarshal.AsBytes(values)); // Every platform that .NET runs on here is little-endian.
    }

    public void Wholes(ReadOnlySpan<int> values)
    {
        Whole(values.Length);
        buffer.Write(MemoryMarshal.AsBytes(values));
    }

    public void Blob(ReadOnlySpan<byte> bytes)
    {
        Whole(bytes.Length);
        buffer.Write(bytes);
    }

    public void Random(PortableRandom random)
    {
        var (first, second, third, fourth) = random.State;
        Hash(first);
        Hash(second);
        Hash(third);
        Hash(fourth);
    }

    public void Text(string text) => Blob(Encoding.UTF8.GetBytes(text));

    /// <summary>A count, then each item.</summary>
    public void Items<T>(IReadOnlyCollection<T> items, Action<T> write)
    {
        Whole(items.Count);
        foreach (var item in items)
        {
            write(item);
        }
    }
}
