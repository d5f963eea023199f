using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace FlameEdge.Collaborative.Packets;

// Numbers and runs of bytes, of which the packets are made.
public static partial class PacketWriter
{
    private static byte[] Sealed(ArrayBufferWriter<byte> writer)
    {
        Number(writer, Crc32.HashToUInt32(writer.WrittenSpan));
        return writer.WrittenSpan.ToArray();
    }

    private static void Byte(ArrayBufferWriter<byte> writer, byte value) => writer.Write<byte>([value]);

    private static void Signed(ArrayBufferWriter<byte> writer, ReadOnlySpan<sbyte> values) => writer.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values));

    private static void Varint(ArrayBufferWriter<byte> writer, uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Byte(writer, (byte)(value | 0x80));
        }

        Byte(writer, (byte)value);
    }

    private static void Number(ArrayBufferWriter<byte> writer, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(writer.GetSpan(2), value);
        writer.Advance(2);
    }

    private static void Number(ArrayBufferWriter<byte> writer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(4), value);
        writer.Advance(4);
    }

    private static void Number(ArrayBufferWriter<byte> writer, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(8), value);
        writer.Advance(8);
    }
}
