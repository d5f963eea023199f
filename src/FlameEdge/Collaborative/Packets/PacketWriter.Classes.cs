using System.Buffers;

namespace FlameEdge.Collaborative.Packets;

// What stands in a packet for each class.
public static partial class PacketWriter
{
    private static void Class(ArrayBufferWriter<byte> writer, ClassKnowledge knowledge)
    {
        Byte(writer, (byte)((knowledge.Origin != 0 ? HasOrigin : 0) | (knowledge.Aligned is not null ? HasAligned : 0) | (knowledge.Channels.Count > 0 ? HasChannels : 0) | (knowledge.Scattered.Count > 0 ? IsScattered : 0)));
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

        if (knowledge.Scattered.Count > 0)
        {
            Scattered(writer, knowledge.Scattered);
        }
        else
        {
            Structured(writer, knowledge);
        }

        if (knowledge.Aligned is { } aligned)
        {
            Aligned(writer, aligned);
        }
    }

    private static void Structured(ArrayBufferWriter<byte> writer, ClassKnowledge knowledge)
    {
        Byte(writer, (byte)knowledge.Layers.Count);
        foreach (var (layer, units) in knowledge.Layers.Zip(knowledge.Units))
        {
            Units(writer, units);
            Layer(writer, layer);
        }

        Number(writer, BitConverter.HalfToUInt16Bits(knowledge.OutputScale));
        Signed(writer, knowledge.Output);
        Number(writer, BitConverter.SingleToUInt32Bits(knowledge.OutputBias));
    }

    private static void Scattered(ArrayBufferWriter<byte> writer, IReadOnlyList<ScatteredLayer> layers)
    {
        Byte(writer, (byte)layers.Count);
        foreach (var layer in layers)
        {
            Number(writer, (ushort)layer.Units);
            Sparse(writer, layer.Values);
        }
    }

    private static void Sparse(ArrayBufferWriter<byte> writer, SparseValues values)
    {
        var (places, isMask) = Places(values.Length, values.Places);
        Varint(writer, (uint)values.Length);
        Varint(writer, ((uint)values.Places.Count << 1) | (isMask ? 1u : 0));
        writer.Write<byte>(places);
        Number(writer, BitConverter.HalfToUInt16Bits(values.Scale));
        Signed(writer, values.Steps);
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

    private static void Units(ArrayBufferWriter<byte> writer, UnitChoice units)
    {
        var (places, isMask) = Places(units.Width, units.Kept);
        Number(writer, (ushort)units.Width);
        Number(writer, (ushort)((units.Kept.Count << 1) | (isMask ? 1 : 0)));
        writer.Write<byte>(places);
    }

    // A bitmask, or the gaps between places as varints: whichever is smaller.
    private static (byte[] Bytes, bool IsMask) Places(int length, IReadOnlyList<int> places)
    {
        var gaps = new ArrayBufferWriter<byte>();
        var last = -1;
        foreach (var place in places)
        {
            Varint(gaps, (uint)(place - last - 1));
            last = place;
        }

        var size = (length + 7) / 8;
        if (size > gaps.WrittenCount)
        {
            return (gaps.WrittenSpan.ToArray(), false);
        }

        var mask = new byte[size];
        foreach (var place in places)
        {
            mask[place / 8] |= (byte)(1 << (place % 8));
        }

        return (mask, true);
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
}
