using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Packets;

public class PacketTests
{
    [Fact]
    public void The_bytes_of_a_packet_are_pinned() => Assert.Equal(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "knowledge-packet.hex")).Trim(),
        Convert.ToHexString(PacketWriter.Write(Sample())), ignoreCase: true);

    [Fact]
    public void What_is_read_is_what_was_written()
    {
        var bytes = PacketWriter.Write(Sample());
        var packet = PacketReader.Read(bytes).Knowledge!; // It holds specialists.

        Assert.Equal(bytes, PacketWriter.Write(packet));
        Assert.Equal(Sample().Classes[0].Restore().Parameters, packet.Classes[0].Restore().Parameters);
        Assert.Equal([1, 4, 9], packet.Classes[1].Aligned!.Indices); // Written below.
        Assert.Equal(Sample().Expires, packet.Expires);
    }

    [Fact]
    public void A_model_comes_back_within_half_a_step_of_each_units_scale()
    {
        var model = DenseNetwork.Drawn(1, [5, 6, 3]);
        var packet = PacketReader.Read(PacketWriter.Write(ModelPacket.Of(model, 1, 2, [10, 20, 30]))).Model!; // It holds a model.
        var restored = packet.Restore();

        for (var layer = 0; layer < model.Layers.Count; layer++)
        {
            for (var unit = 0; unit < model.Layers[layer].Outputs; unit++)
            {
                var step = (float)packet.Layers[layer].Scales[unit];
                foreach (var (before, after) in model.Layers[layer].Row(model.Parameters, unit).ToArray().Zip(model.Layers[layer].Row(restored, unit).ToArray()))
                {
                    Assert.InRange(Math.Abs(before - after), 0, (step / 2) + 1e-6f);
                }
            }
        }
    }

    [Fact]
    public void Every_packet_that_was_cut_is_refused()
    {
        var bytes = PacketWriter.Write(Sample());
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            Assert.Throws<PayloadException>(() => PacketReader.Read(cut));
            if (length < bytes.Length - 4)
            {
                Assert.Throws<PayloadException>(() => PacketReader.Read(Sealed(cut)));
            }
        }
    }

    [Fact]
    public void No_altered_byte_breaks_the_reader_even_under_a_right_checksum()
    {
        var bytes = PacketWriter.Write(Sample());
        var random = new PortableRandom(11);
        var refused = 0;
        for (var attempt = 0; attempt < 20_000; attempt++)
        {
            var altered = (byte[])bytes.Clone();
            for (var change = 0; change < 1 + (attempt % 4); change++)
            {
                altered[random.Below(altered.Length - 4)] = (byte)random.NextBits();
            }

            try
            {
                PacketReader.Read(Sealed(altered[..^4]));
            }
            catch (PayloadException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 19_000);
    }

    [Fact]
    public void A_count_that_the_bytes_cannot_hold_is_refused_before_it_allocates()
    {
        var model = DenseNetwork.Drawn(1, [5, 6, 3]);
        var bytes = PacketWriter.Write(ModelPacket.Of(model, 1, 2, [10, 20, 30]));

        // Features of the first layer stand behind head 4, hashes 16, label count 1, labels 24, layer count 1.
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(46), int.MaxValue);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<PayloadException>(() => PacketReader.Read(Sealed(bytes[..^4])));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static byte[] Sealed(byte[] body)
    {
        var sealedBytes = new byte[body.Length + 4];
        body.CopyTo(sealedBytes, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(sealedBytes.AsSpan(body.Length), Crc32.HashToUInt32(body));
        return sealedBytes;
    }

    private static KnowledgePacket Sample()
    {
        var first = ClassKnowledge.Of(0x0102030405060708, Specialist(0.1f), [new UnitChoice(8, [1, 5]), new UnitChoice(300, [7])]);
        return new KnowledgePacket
        {
            ModelHash = 0x1112131415161718,
            Lineage = 0x21222324,
            InputContract = 0x3132333435363738,
            Inputs = 3,
            AveragingFactor = 1,
            CreatedMilliseconds = 1_700_000_000_000,
            LifetimeSeconds = 3600,
            Classes =
            [
                first with { Claims = new KnowledgeClaims(0.9, 0.8, 240, 70_000, [0, 3, 9]) },
                first with { LabelId = 99, Origin = 7, Aligned = new AlignedDelta([1, 4, 9], (Half)0.25, [1, -2, 3], (Half)0.5, [4, -5], 0.75f) },
            ],
        };
    }

    private static DenseNetwork Specialist(float step)
    {
        var network = new DenseNetwork(3, 2, 1, 1);
        network.Load([.. Enumerable.Range(0, network.Parameters.Length).Select(i => step * (i - 5))]);
        return network;
    }
}
