using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

/// <summary>Knowledge as bytes, little-endian; docs/canoe.md has the table. <see cref="PacketReader"/> reads it back.</summary>
public static partial class PacketWriter
{
    internal const byte Magic = 0xCA;
    internal const byte Version = 1;
    internal const byte SpecialistKind = 1;
    internal const byte ModelKind = 2;
    internal const byte RefreshKind = 3;
    internal const byte HasOrigin = 1;
    internal const byte HasAligned = 2;
    internal const byte HasChannels = 4;
    internal const byte IsScattered = 8;

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

    /// <summary>The bytes of a refresh.</summary>
    public static byte[] Write(RefreshPacket packet)
    {
        var writer = new ArrayBufferWriter<byte>();
        Head(writer, RefreshKind);
        Number(writer, packet.ModelHash);
        Number(writer, packet.InputContract);
        Number(writer, (ulong)packet.CreatedMilliseconds);
        Number(writer, (uint)packet.LifetimeSeconds);
        Byte(writer, (byte)packet.Classes.Count);
        foreach (var refresh in packet.Classes)
        {
            Number(writer, refresh.LabelId);
            Number(writer, refresh.Base);
            Claims(writer, refresh.Claims);
            Sparse(writer, refresh.Change);
        }

        return Sealed(writer);
    }

    /// <summary>Hash of a packet's bytes: what caches and provenance call it.</summary>
    public static ulong ContentHash(ReadOnlySpan<byte> packet) => XxHash3.HashToUInt64(packet);

    private static void Head(ArrayBufferWriter<byte> writer, byte kind) => writer.Write<byte>([Magic, Version, kind, 0]);
}
