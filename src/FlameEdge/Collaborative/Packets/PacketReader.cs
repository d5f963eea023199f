using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Packets;

/// <summary>Reads what <see cref="PacketWriter"/> wrote, and trusts none of it: every count is compared with the bytes that are left before anything is allocated.</summary>
public ref struct PacketReader
{
    /// <summary>Rows and columns of the largest image that convolutions of a packet may take.</summary>
    internal const int MostImageEdge = 64;

    private const int MaxLayers = 8;

    // What a packet may cost: a thousandth of a second for a row, not more.
    private const long MostWork = 4 << 20;
    private ReadOnlySpan<byte> rest;

    private PacketReader(ReadOnlySpan<byte> rest) => this.rest = rest;

    /// <summary>Reads a packet of specialists or a whole model, whichever it is.</summary>
    /// <exception cref="PayloadException">The bytes are cut, altered, of another version, or say what cannot be.</exception>
    public static (KnowledgePacket? Knowledge, ModelPacket? Model) Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || bytes[0] != PacketWriter.Magic)
        {
            throw Fault("these bytes are no knowledge packet");
        }

        if (bytes[1] != PacketWriter.Version || bytes[3] != 0)
        {
            throw Fault($"version {bytes[1]} with flags {bytes[3]} is not known here, only version {PacketWriter.Version} without flags; update this program");
        }

        var body = bytes[..^4];
        if (Crc32.HashToUInt32(body) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]))
        {
            throw Fault("the checksum differs: the packet was cut or altered on its way; ask for it again");
        }

        var reader = new PacketReader(body[4..]);
        (KnowledgePacket? Knowledge, ModelPacket? Model) packet = bytes[2] switch
        {
            PacketWriter.SpecialistKind => (reader.Knowledge(), null),
            PacketWriter.ModelKind => (null, reader.Model()),
            var kind => throw Fault($"kind {kind} is not known here"),
        };
        return reader.rest.IsEmpty ? packet : throw Fault($"{reader.rest.Length} bytes follow the packet's end");
    }

    private static PayloadException Fault(string message) => new($"knowledge packet refused: {message}");

    private KnowledgePacket Knowledge()
    {
        var (model, lineage, cut, contract) = (Long(), Int(), Short(), Long());
        var inputs = Count(Int(), 1, int.MaxValue, "inputs");
        int factor = Byte();
        var (created, lifetime) = (Long(), Int());
        if (factor == 0 || created > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() / 2 || lifetime > int.MaxValue)
        {
            throw Fault($"averaging over {factor}, made at {created} ms, lasting {lifetime} s cannot be");
        }

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
            CreatedMilliseconds = (long)created,
            LifetimeSeconds = (int)lifetime,
            Classes = classes.DistinctBy(knowledge => knowledge.LabelId).Count() == classes.Length ? classes : throw Fault("a class stands twice in it"),
        };
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

    private ClassKnowledge Class(int inputs)
    {
        var flags = Byte();
        if (flags > (PacketWriter.HasOrigin | PacketWriter.HasAligned | PacketWriter.HasChannels))
        {
            throw Fault($"flags {flags} of a class are not known here");
        }

        var label = Long();
        var origin = (flags & PacketWriter.HasOrigin) != 0 ? Long() : 0;
        var claims = Claims();
        var channels = (flags & PacketWriter.HasChannels) != 0 ? Channels(inputs) : [];
        if (channels is [.., { Shape: var shape } highest])
        {
            inputs = highest.Layer.Units * shape.PooledHigh * shape.PooledWide;
        }

        var layers = new QuantizedLayer[Count(Byte(), 1, MaxLayers, "layers")];
        var units = new UnitChoice[layers.Length];
        for (var i = 0; i < layers.Length; i++)
        {
            units[i] = Units();
            layers[i] = Layer(i > 0 ? layers[i - 1].Units : inputs, units[i].Kept.Count);
        }

        var (scale, output) = (Scale(), Signed(layers[^1].Units));
        var bias = Finite(BitConverter.UInt32BitsToSingle(Int()));
        return new ClassKnowledge
        {
            LabelId = label,
            Origin = origin,
            Claims = claims,
            Channels = channels,
            Units = units,
            Layers = layers,
            OutputScale = scale,
            Output = output,
            OutputBias = bias,
            Aligned = (flags & PacketWriter.HasAligned) != 0 ? Aligned() : null,
        };
    }

    private KnowledgeClaims Claims()
    {
        var (auc, balanced, positives, negatives) = (Byte() / 255.0, Byte() / 255.0, Short(), Short());
        var bits = Take(Byte());
        List<int> rest = [];
        for (var i = 0; i < 8 * bits.Length; i++)
        {
            if ((bits[i / 8] & (1 << (i % 8))) != 0)
            {
                rest.Add(i);
            }
        }

        return new KnowledgeClaims(auc, balanced, positives, negatives, rest);
    }

    private QuantizedConvolution[] Channels(int inputs)
    {
        int channels = Short();
        var (height, width) = (Count(Byte(), 1, MostImageEdge, "rows of an image"), Count(Byte(), 1, MostImageEdge, "columns of an image"));
        if ((long)channels * height * width != inputs)
        {
            throw Fault($"an image of {channels} x {height} x {width} is not the {inputs} values it takes");
        }

        var layers = new QuantizedConvolution[Count(Byte(), 1, MaxLayers, "convolutions")];
        var work = 0L;
        for (var i = 0; i < layers.Length; i++)
        {
            var shape = new Convolution(channels, height, width, Byte(), Byte(), Count(Byte(), 0, 1, "as a mark of pooling") == 1);
            if (shape.Window == 0 || shape.Padding >= shape.Window || shape.PooledHigh < 1 || shape.PooledWide < 1)
            {
                throw Fault($"a window of {shape.Window} with padding {shape.Padding} does not fit an image of {height} x {width}");
            }

            var units = Units();
            var fanIn = (long)channels * shape.Window * shape.Window;
            work += units.Kept.Count * fanIn * shape.High * shape.Wide;
            if (work > MostWork)
            {
                throw Fault($"its convolutions cost {work} multiplications a row, more than {MostWork}");
            }

            layers[i] = new QuantizedConvolution(units, shape, Layer((int)fanIn, units.Kept.Count));
            (channels, height, width) = (units.Kept.Count, shape.PooledHigh, shape.PooledWide);
        }

        return layers;
    }

    private UnitChoice Units()
    {
        var width = Count(Short(), 1, ushort.MaxValue, "units of a layer");
        int word = Short();
        var kept = new int[Count((uint)word >> 1, 1, Math.Min(width, this.rest.Length), "kept units")];
        var last = -1;
        if ((word & 1) == 0)
        {
            for (var i = 0; i < kept.Length; i++)
            {
                kept[i] = last = Next(last, width);
            }

            return new UnitChoice(width, kept);
        }

        var mask = Take((width + 7) / 8);
        var found = 0;
        for (var unit = 0; unit < 8 * mask.Length; unit++)
        {
            if ((mask[unit / 8] & (1 << (unit % 8))) != 0)
            {
                if (unit >= width || found == kept.Length)
                {
                    throw Fault("the mask of kept units does not fit their count");
                }

                kept[found++] = unit;
            }
        }

        return found == kept.Length ? new UnitChoice(width, kept) : throw Fault("the mask of kept units does not fit their count");
    }

    private QuantizedLayer Layer(int inputs, int units)
    {
        if ((long)units * (inputs + 3L) > this.rest.Length)
        {
            throw Fault($"a layer of {units} units with {inputs} inputs does not fit into the {this.rest.Length} bytes that are left");
        }

        var (scales, biases, weights) = (new Half[units], new sbyte[units], new sbyte[units * inputs]);
        for (var unit = 0; unit < units; unit++)
        {
            scales[unit] = Scale();
            biases[unit] = (sbyte)Byte();
            Signed(inputs).CopyTo(weights, unit * inputs);
        }

        return new QuantizedLayer(inputs, scales, biases, weights);
    }

    private AlignedDelta Aligned()
    {
        var indices = new int[Count(Varint(), 0, this.rest.Length, "deltas")];
        var last = -1;
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = last = Next(last, int.MaxValue);
        }

        var (scale, deltas) = (Scale(), Signed(indices.Length));
        int width = Short();
        var rowScale = Scale();
        return new AlignedDelta(indices, scale, deltas, rowScale, Signed(width), Finite(BitConverter.UInt32BitsToSingle(Int())));
    }

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

    private readonly int Count(uint value, int least, int most, string what) =>
        value >= (uint)least && value <= (uint)most ? (int)value : throw Fault($"{value} {what} cannot be");

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
