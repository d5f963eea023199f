using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Tests.Collaborative.Packets;

/// <summary>One packet of every kind and form.</summary>
internal static class PacketSamples
{
    /// <summary>Names of the forms; each has a golden file <c>knowledge-packet-NAME.hex</c>.</summary>
    public static TheoryData<string> Forms => ["channels", "scattered", "refresh", "signed", "model"];

    public static byte[] Bytes(string form) => form switch
    {
        "channels" => PacketWriter.Write(Packet(36, Channels())),
        "scattered" => PacketWriter.Write(Packet(3, ClassKnowledge.OfScattered(5, Sparse()) with { Claims = new KnowledgeClaims(1, 0, 5, 6, []) })),
        "refresh" => PacketWriter.Write(new RefreshPacket(0x1112131415161718, 0x3132333435363738, 1_700_000_000_000, 3600, [new ClassRefresh(5, 77, new KnowledgeClaims(1, 0.5, 9, 10, [1]), new SparseValues(300, [2, 299], (Half)0.5, [3, -4]))])),
        "signed" => PacketSignature.Attach(Bytes("scattered"), [9, 8, 7]),
        _ => PacketWriter.Write(ModelPacket.Of(DenseNetwork.Drawn(1, [5, 6, 3]), 1, 2, [10, 20, 30])),
    };

    /// <summary>Writes again what was read.</summary>
    public static byte[] Written((KnowledgePacket? Knowledge, ModelPacket? Model, RefreshPacket? Refresh) read) =>
        read.Knowledge is { } knowledge ? PacketWriter.Write(knowledge) : read.Model is { } model ? PacketWriter.Write(model) : PacketWriter.Write(read.Refresh!); // It is one of the three.

    /// <summary>A body with its checksum.</summary>
    public static byte[] Sealed(ReadOnlySpan<byte> body)
    {
        byte[] bytes = [.. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(body.Length), Crc32.HashToUInt32(body));
        return bytes;
    }

    public static KnowledgePacket Packet(int inputs, params ClassKnowledge[] classes) => new()
    {
        ModelHash = 0x1112131415161718,
        Lineage = 0x21222324,
        Cut = 3,
        InputContract = 0x3132333435363738,
        Inputs = inputs,
        CreatedMilliseconds = 1_700_000_000_000,
        Classes = classes,
    };

    // Images 1 x 6 x 6; one of two channels of a 3 x 3 window, pooled to 3 x 3; one unit of four.
    private static ClassKnowledge Channels()
    {
        var front = new ConvolutionFront([new UnitLayer(9, 1, 0, new Convolution(1, 6, 6, 3, 1, true))], Steps(10, 0.2f));
        return ClassKnowledge.Of(5, Network(9, 1, 1), [new UnitChoice(4, [2])], front, [new UnitChoice(2, [1])]);
    }

    private static DenseNetwork Sparse()
    {
        var network = Network(3, 2, 1);
        float[] parameters = [.. network.Parameters.ToArray().Select((value, i) => i % 3 == 0 ? value : 0)];
        network.Load(parameters);
        return network;
    }

    private static DenseNetwork Network(params int[] widths)
    {
        var network = new DenseNetwork(widths);
        network.Load(Steps(network.Parameters.Length, 0.1f));
        return network;
    }

    private static float[] Steps(int count, float step) => [.. Enumerable.Range(0, count).Select(i => step * (i - 4))];
}
