using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Packets;

/// <summary>Reads what <see cref="PacketWriter"/> wrote, and trusts none of it: every count is compared with the bytes that are left before anything is allocated.</summary>
public ref partial struct PacketReader
{
    /// <summary>Rows and columns of the largest image that convolutions of a packet may take.</summary>
    internal const int MostImageEdge = 64;

    private const int MaxLayers = 8;

    // What a packet may cost: a thousandth of a second for a row, not more.
    private const long MostWork = 4 << 20;
    private const int MostScattered = 1 << 20;
    private ReadOnlySpan<byte> rest;

    private PacketReader(ReadOnlySpan<byte> rest) => this.rest = rest;

    /// <summary>Reads a packet of specialists, a whole model or a refresh, whichever it is. A signature is passed over: <see cref="PacketSignature.Detach"/> gives it.</summary>
    /// <exception cref="PayloadException">The bytes are cut, altered, of another version, or say what cannot be.</exception>
    public static (KnowledgePacket? Knowledge, ModelPacket? Model, RefreshPacket? Refresh) Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || bytes[0] != PacketWriter.Magic)
        {
            throw Fault("these bytes are no knowledge packet");
        }

        if (bytes[1] != PacketWriter.Version || bytes[3] > PacketSignature.Signed)
        {
            throw Fault($"version {bytes[1]} with flags {bytes[3]} is not known here, only version {PacketWriter.Version}, signed or not; update this program");
        }

        var body = bytes[..^4];
        if (Crc32.HashToUInt32(body) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]))
        {
            throw Fault("the checksum differs: the packet was cut or altered on its way; ask for it again");
        }

        var reader = new PacketReader(body[4..PacketSignature.EndOf(body)]);
        (KnowledgePacket? Knowledge, ModelPacket? Model, RefreshPacket? Refresh) packet = bytes[2] switch
        {
            PacketWriter.SpecialistKind => (reader.Knowledge(), null, null),
            PacketWriter.ModelKind => (null, reader.Model(), null),
            PacketWriter.RefreshKind => (null, null, reader.Refresh()),
            var kind => throw Fault($"kind {kind} is not known here"),
        };
        return reader.rest.IsEmpty ? packet : throw Fault($"{reader.rest.Length} bytes follow the packet's end");
    }

    private static PayloadException Fault(string message) => new($"knowledge packet refused: {message}");

    private KnowledgePacket Knowledge()
    {
        var (model, lineage, cut, contract) = (Long(), Int(), Short(), Long());
        var inputs = Count(Int(), 1, int.MaxValue, "inputs");
        var factor = Count(Byte(), 1, byte.MaxValue, "as an averaging factor");
        var (created, lifetime) = Times();

        var classes = new ClassKnowledge[Count(Byte(), 1, byte.MaxValue, "classes")];
        for (var i = 0; i < classes.Length; i++)
        {
            classes[i] = Class(inputs);
        }

        return new KnowledgePacket
        {
            ModelHash = model,
            Lineage = lineage,
            Cut = cut,
            InputContract = contract,
            Inputs = inputs,
            AveragingFactor = factor,
            CreatedMilliseconds = created,
            LifetimeSeconds = lifetime,
            Classes = classes.DistinctBy(knowledge => knowledge.LabelId).Count() == classes.Length ? classes : throw Fault("a class stands twice in it"),
        };
    }

    private RefreshPacket Refresh()
    {
        var (model, contract) = (Long(), Long());
        var (created, lifetime) = Times();
        var classes = new ClassRefresh[Count(Byte(), 1, byte.MaxValue, "classes")];
        for (var i = 0; i < classes.Length; i++)
        {
            classes[i] = new ClassRefresh(Long(), Long(), Claims(), Sparse());
        }

        return new RefreshPacket(model, contract, created, lifetime, classes.DistinctBy(refresh => refresh.LabelId).Count() == classes.Length ? classes : throw Fault("a class stands twice in it"));
    }

    private (long CreatedMilliseconds, int LifetimeSeconds) Times()
    {
        var (created, lifetime) = (Long(), Int());
        return created <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() / 2 && lifetime <= int.MaxValue
            ? ((long)created, (int)lifetime)
            : throw Fault($"made at {created} ms and lasting {lifetime} s cannot be");
    }

    private ModelPacket Model()
    {
        var (model, contract) = (Long(), Long());
        var labels = new ulong[Count(Byte(), 1, byte.MaxValue, "classes")];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = Long();
        }

        var layers = new QuantizedLayer[Count(Byte(), 1, MaxLayers, "layers")];
        var inputs = Count(Int(), 1, int.MaxValue, "features");
        for (var i = 0; i < layers.Length; i++)
        {
            layers[i] = Layer(inputs, Count(Short(), 1, ushort.MaxValue, "units"));
            inputs = layers[i].Units;
        }

        return inputs == labels.Length ? new ModelPacket(model, contract, labels, layers) : throw Fault($"a model of {inputs} logits for {labels.Length} classes");
    }
}
