using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>Knowledge as bytes, little-endian; docs/canoe.md has the table. <see cref="PacketReader"/> reads it back.</summary>
public static class PacketWriter
{
    internal const byte Magic = 0xCA;
    internal const byte Version = 1;
    internal const byte SpecialistKind = 1;
    internal const byte ModelKind = 2;
    internal const byte HasOrigin = 1;
    internal const byte HasAligned = 2;
    internal const byte HasChannels = 4;

    /// <summary>The bytes of a packet of specialists.</summary>
    public static byte[] Write(KnowledgePacket packet)
    {
        var writer = new ArrayBufferWriter<byte>();
        Head(writer, SpecialistKind);
        Number(writer, packet.ModelHash);
        Number(writer, packet.Lineage);
        Number(writer, packet.Cut);
        Number(writer, packet.InputContract);
        Number(writer, (uint)packet.Inputs);
        Byte(writer, (byte)packet.AveragingFactor);
        Number(writer, (ulong)packet.CreatedMilliseconds);
        Number(writer, (uint)packet.LifetimeSeconds);
        Byte(writer, (byte)packet.Classes.Count);
        foreach (var knowledge in packet.Classes)
        {
            Class(writer, knowledge);
        }

        return Sealed(writer);
    }

    /// <summary>The bytes of a whole model in int8.</summary>
    public static byte[] Write(ModelPacket packet)
    {
        var writer = new ArrayBufferWriter<byte>();
        Head(writer, ModelKind);
        Number(writer, packet.ModelHash);
        Number(writer, packet.InputContract);
        Byte(writer, (byte)packet.LabelIds.Count);
        foreach (var label in packet.LabelIds)
        {
            Number(writer, label);
        }

        Byte(writer, (byte)packet.Layers.Count);
        Number(writer, (uint)packet.Layers[0].Inputs);
        foreach (var layer in packet.Layers)
        {
            Number(writer, (ushort)layer.Units);
            Layer(writer, layer);
        }

        return Sealed(writer);
    }

    /// <summary>Hash of a packet's bytes: what caches and provenance call it.</summary>
    public static ulong ContentHash(ReadOnlySpan<byte> packet) => XxHash3.HashToUInt64(packet);

    private static void Head(ArrayBufferWriter<byte> writer, byte kind) => writer.Write<byte>([Magic, Version, kind, 0]);

    private static void Class(ArrayBufferWriter<byte> writer, ClassKnowledge knowledge)
    {
        Byte(writer, (byte)((knowledge.Origin != 0 ? HasOrigin : 0) | (knowledge.Aligned is not null ? HasAligned : 0) | (knowledge.Channels.Count > 0 ? HasChannels : 0)));
        Number(writer, knowledge.LabelId);
        if (knowledge.Origin != 0)
        {
            Number(writer, knowledge.Origin);
        }

        Claims(writer, knowledge.Claims);
        if (knowledge.Channels.Count > 0)
        {
            Channels(writer, knowledge.Channels);
        }

        Byte(writer, (byte)knowledge.Layers.Count);
        foreach (var (layer, units) in knowledge.Layers.Zip(knowledge.Units))
        {
            Units(writer, units);
            Layer(writer, layer);
        }

        Number(writer, BitConverter.HalfToUInt16Bits(knowledge.OutputScale));
        Signed(writer, knowledge.Output);
        Number(writer, BitConverter.SingleToUInt32Bits(knowledge.OutputBias));
        if (knowledge.Aligned is { } aligned)
        {
            Aligned(writer, aligned);
        }
    }

    private static void Claims(ArrayBufferWriter<byte> writer, KnowledgeClaims claims)
    {
        Byte(writer, (byte)Math.Round(255 * Math.Clamp(claims.Auc, 0, 1)));
        Byte(writer, (byte)Math.Round(255 * Math.Clamp(claims.BalancedAccuracy, 0, 1)));
        Number(writer, (ushort)Math.Min(claims.Positives, ushort.MaxValue));
        Number(writer, (ushort)Math.Min(claims.Negatives, ushort.MaxValue));
        var bits = new byte[claims.Rest.Count == 0 ? 0 : (claims.Rest[^1] / 8) + 1];
        foreach (var label in claims.Rest)
        {
            bits[label / 8] |= (byte)(1 << (label % 8));
        }

        Byte(writer, (byte)bits.Length);
        writer.Write<byte>(bits);
    }

    private static void Channels(ArrayBufferWriter<byte> writer, IReadOnlyList<QuantizedConvolution> channels)
    {
        var image = channels[0].Shape;
        Number(writer, (ushort)image.Channels);
        writer.Write<byte>([(byte)image.Height, (byte)image.Width, (byte)channels.Count]);
        foreach (var (units, shape, layer) in channels)
        {
            writer.Write<byte>([(byte)shape.Window, (byte)shape.Padding, (byte)(shape.IsPooled ? 1 : 0)]);
            Units(writer, units);
            Layer(writer, layer);
        }
    }

    // A bitmask, or the gaps between kept units as varints: whichever is smaller.
    private static void Units(ArrayBufferWriter<byte> writer, UnitChoice units)
    {
        var gaps = new ArrayBufferWriter<byte>();
        var last = -1;
        foreach (var unit in units.Kept)
        {
            Varint(gaps, (uint)(unit - last - 1));
            last = unit;
        }

        var mask = new byte[(units.Width + 7) / 8];
        foreach (var unit in units.Kept)
        {
            mask[unit / 8] |= (byte)(1 << (unit % 8));
        }

        var isMask = mask.Length <= gaps.WrittenCount;
        Number(writer, (ushort)units.Width);
        Number(writer, (ushort)((units.Kept.Count << 1) | (isMask ? 1 : 0)));
        writer.Write(isMask ? mask : gaps.WrittenSpan);
    }

    private static void Layer(ArrayBufferWriter<byte> writer, QuantizedLayer layer)
    {
        for (var unit = 0; unit < layer.Units; unit++)
        {
            Number(writer, BitConverter.HalfToUInt16Bits(layer.Scales[unit]));
            Byte(writer, (byte)layer.Biases[unit]);
            Signed(writer, layer.Weights.AsSpan(unit * layer.Inputs, layer.Inputs));
        }
    }

    private static void Aligned(ArrayBufferWriter<byte> writer, AlignedDelta aligned)
    {
        Varint(writer, (uint)aligned.Indices.Count);
        var last = -1;
        foreach (var index in aligned.Indices)
        {
            Varint(writer, (uint)(index - last - 1));
            last = index;
        }

        Number(writer, BitConverter.HalfToUInt16Bits(aligned.Scale));
        Signed(writer, aligned.Deltas);
        Number(writer, (ushort)aligned.Row.Length);
        Number(writer, BitConverter.HalfToUInt16Bits(aligned.RowScale));
        Signed(writer, aligned.Row);
        Number(writer, BitConverter.SingleToUInt32Bits(aligned.RowBias));
    }

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
