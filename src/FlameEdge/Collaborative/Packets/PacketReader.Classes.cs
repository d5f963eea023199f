using FlameEdge.Collaborative.Networks;

namespace FlameEdge.Collaborative.Packets;

// What stands in a packet for each class.
public ref partial struct PacketReader
{
    private ClassKnowledge Class(int inputs)
    {
        var flags = Byte();
        if (flags > (PacketWriter.HasOrigin | PacketWriter.HasAligned | PacketWriter.HasChannels | PacketWriter.IsScattered))
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

        var knowledge = (flags & PacketWriter.IsScattered) != 0 ? Scattered(inputs) : Structured(inputs);
        return knowledge with
        {
            LabelId = label,
            Origin = origin,
            Claims = claims,
            Channels = channels,
            Aligned = (flags & PacketWriter.HasAligned) != 0 ? Aligned() : null,
        };
    }

    private ClassKnowledge Structured(int inputs)
    {
        var layers = new QuantizedLayer[Count(Byte(), 1, MaxLayers, "layers")];
        var units = new UnitChoice[layers.Length];
        for (var i = 0; i < layers.Length; i++)
        {
            units[i] = Units();
            layers[i] = Layer(i > 0 ? layers[i - 1].Units : inputs, units[i].Kept.Count);
        }

        var (scale, output) = (Scale(), Signed(layers[^1].Units));
        return Knowledge(units, layers) with { OutputScale = scale, Output = output, OutputBias = Finite(BitConverter.UInt32BitsToSingle(Int())) };
    }

    private ClassKnowledge Scattered(int inputs)
    {
        var layers = new ScatteredLayer[Count(Byte(), 1, MaxLayers, "layers")];
        var size = 0L;
        for (var i = 0; i < layers.Length; i++)
        {
            var width = i < layers.Length - 1 ? Count(Short(), 1, ushort.MaxValue, "units") : Count(Short(), 1, 1, "outputs");
            size += width * (inputs + 1L);
            layers[i] = size <= MostScattered ? new ScatteredLayer(inputs, Sparse()) : throw Fault($"single weights of a network of {size} parameters, more than {MostScattered}");
            if (layers[i].Values.Length != width * (inputs + 1))
            {
                throw Fault($"a layer of {width} units with {inputs} inputs has not {layers[i].Values.Length} parameters");
            }

            inputs = width;
        }

        return Knowledge([], []) with { Scattered = layers };
    }

    private static ClassKnowledge Knowledge(UnitChoice[] units, QuantizedLayer[] layers) =>
        new() { LabelId = 0, Claims = new KnowledgeClaims(0, 0, 0, 0, []), Units = units, Layers = layers, OutputScale = Half.Zero, Output = [], OutputBias = 0 };

    private SparseValues Sparse()
    {
        var length = Count(Varint(), 0, int.MaxValue - 8, "values");
        var word = Varint();
        var places = Places(length, Count(word >> 1, 0, Math.Min(length, this.rest.Length), "places"), isMask: (word & 1) == 1);
        return new SparseValues(length, places, Scale(), Signed(places.Length));
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
        return new UnitChoice(width, Places(width, Count((uint)word >> 1, 1, Math.Min(width, this.rest.Length * 8L), "kept units"), isMask: (word & 1) == 1));
    }

    // A mask has a bit for each place of the length, gaps have a byte or more for each place that is there: neither is longer than what is left.
    private int[] Places(int length, int count, bool isMask)
    {
        var mask = isMask ? Take((length + 7) / 8) : [];
        var places = new int[isMask || count <= this.rest.Length ? count : throw Fault($"{count} places do not fit into {this.rest.Length} bytes")];
        var last = -1;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = last = isMask ? NextBit(mask, last, length) : Next(last, length);
        }

        return !isMask || BitCount(mask) == count ? places : throw Fault("a mask does not fit its count");
    }

    private static int BitCount(ReadOnlySpan<byte> mask)
    {
        var count = 0;
        foreach (var bits in mask)
        {
            count += System.Numerics.BitOperations.PopCount(bits);
        }

        return count;
    }

    private readonly int NextBit(ReadOnlySpan<byte> mask, int last, int length)
    {
        for (var place = last + 1; place < length; place++)
        {
            if ((mask[place / 8] & (1 << (place % 8))) != 0)
            {
                return place;
            }
        }

        throw Fault("a mask does not fit its count");
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
}
