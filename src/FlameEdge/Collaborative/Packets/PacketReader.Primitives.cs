using System.Buffers.Binary;

namespace FlameEdge.Collaborative.Packets;

// Numbers and runs of bytes, of which the packets are made.
public ref partial struct PacketReader
{
    private int Next(int last, int limit)
    {
        var next = last + 1L + Varint();
        return next < limit ? (int)next : throw Fault($"place {next} is behind the end");
    }

    private Half Scale()
    {
        var scale = BitConverter.UInt16BitsToHalf(Short());
        return Half.IsFinite(scale) && !Half.IsNegative(scale) ? scale : throw Fault("a scale is negative or no number");
    }

    private uint Varint()
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var part = Byte();
            value |= (uint)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Fault("a number is longer than five bytes");
    }

    private readonly float Finite(float value) => float.IsFinite(value) ? value : throw Fault("a bias is no number");

    private readonly int Count(uint value, int least, long most, string what) =>
        value >= (uint)least && value <= most ? (int)value : throw Fault($"{value} {what} cannot be");

    private sbyte[] Signed(int length) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, sbyte>(Take(length)).ToArray();

    private byte Byte() => Take(1)[0];

    private ushort Short() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    private uint Int() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private ulong Long() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > this.rest.Length)
        {
            throw Fault($"{length} bytes are needed where {this.rest.Length} are left");
        }

        var taken = this.rest[..length];
        this.rest = this.rest[length..];
        return taken;
    }
}
