using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace FlameEdge.Collaborative.Messages;

/// <summary>Writes the small binary heads of a Canoe job, little-endian.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new(256);

    public byte[] Bytes => buffer.WrittenSpan.ToArray();

    public WireWriter Byte(byte value)
    {
        buffer.Write([value]);
        return this;
    }

    public WireWriter Int(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
        return this;
    }

    public WireWriter Long(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
        return this;
    }

    public WireWriter Number(double value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(buffer.GetSpan(4), (float)value);
        buffer.Advance(4);
        return this;
    }

    public WireWriter Worker(string name)
    {
        var text = Encoding.ASCII.GetBytes(name);
        Byte(checked((byte)text.Length));
        buffer.Write(text);
        return this;
    }

    /// <summary>A count, then each item; at most 255.</summary>
    public WireWriter Items<T>(IReadOnlyCollection<T> items, Action<WireWriter, T> write)
    {
        Byte(checked((byte)items.Count));
        foreach (var item in items)
        {
            write(this, item);
        }

        return this;
    }
}
