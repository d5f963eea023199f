using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Packets;

public class PacketFormTests
{
    public static TheoryData<string> Forms => PacketSamples.Forms;

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_bytes_of_every_form_are_pinned(string form) => Assert.Equal(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", $"knowledge-packet-{form}.hex")).Trim(),
        Convert.ToHexString(PacketSamples.Bytes(form)), ignoreCase: true);

    [Theory]
    [MemberData(nameof(Forms))]
    public void What_is_read_is_what_was_written(string form)
    {
        var bytes = PacketSamples.Bytes(form);
        var (content, signature) = PacketSignature.Detach(bytes);

        Assert.Equal(content, PacketSignature.Content(PacketSamples.Written(PacketReader.Read(bytes))).ToArray());
        Assert.Equal(form == "signed" ? [9, 8, 7] : [], signature);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_form_that_was_cut_is_refused(string form)
    {
        var bytes = PacketSamples.Bytes(form);
        for (var length = 0; length < bytes.Length - 4; length++)
        {
            Assert.Throws<PayloadException>(() => PacketReader.Read(bytes.AsSpan(0, length)));
            Assert.Throws<PayloadException>(() => PacketReader.Read(PacketSamples.Sealed(bytes.AsSpan(0, length))));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void No_altered_byte_of_any_form_does_more_than_be_refused_and_none_makes_it_allocate_much(string form)
    {
        var bytes = PacketSamples.Bytes(form);
        var random = new PortableRandom(12);
        var (refused, most) = (0, 0L);
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var altered = bytes.AsSpan(0, bytes.Length - 4).ToArray();
            for (var change = 0; change < 1 + (attempt % 4); change++)
            {
                // The head stays in half of the attempts, so that what is behind it is reached.
                altered[(attempt % 2 * 4) + random.Below(altered.Length - (attempt % 2 * 4))] = (byte)random.NextBits();
            }

            var packet = PacketSamples.Sealed(altered);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                PacketReader.Read(packet);
            }
            catch (PayloadException)
            {
                refused++;
            }

            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(refused, 500, 9_900);
        Assert.InRange(most, 1, 200_000);
    }

    [Fact]
    public void Random_bytes_are_refused()
    {
        var random = new PortableRandom(13);
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            byte[] body = [0xCA, 1, (byte)(1 + (attempt % 3)), (byte)(attempt % 5 == 0 ? 1 : 0), .. Enumerable.Range(0, random.Below(200)).Select(_ => (byte)random.NextBits())];
            Assert.Throws<PayloadException>(() => PacketReader.Read(PacketSamples.Sealed(body)));
        }
    }

    [Fact]
    public void A_network_too_large_for_the_sites_memory_cannot_be_asked_for_in_a_few_bytes()
    {
        var huge = new ScatteredLayer(ushort.MaxValue, new SparseValues(31 * (ushort.MaxValue + 1), [1], (Half)1, [1]));
        var knowledge = PacketReader.Read(PacketSamples.Bytes("scattered")).Knowledge!.Classes[0]; // It holds one.

        var refusal = Assert.Throws<PayloadException>(() => PacketReader.Read(PacketWriter.Write(PacketSamples.Packet(ushort.MaxValue, knowledge with { Scattered = [huge, knowledge.Scattered[^1]] }))));

        Assert.Contains("parameters", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Convolutions_that_cost_too_much_are_refused()
    {
        var channels = PacketReader.Read(PacketSamples.Bytes("channels")).Knowledge!.Classes[0]; // It holds one.
        var layer = channels.Channels[0];
        var wide = layer with { Shape = layer.Shape with { Channels = 64, Height = 64, Width = 64 }, Units = new UnitChoice(40, [.. Enumerable.Range(0, 40)]), Layer = new QuantizedLayer(576, new Half[40], new sbyte[40], new sbyte[40 * 576]) };

        var refusal = Assert.Throws<PayloadException>(() => PacketReader.Read(PacketWriter.Write(PacketSamples.Packet(64 * 64 * 64, channels with { Channels = [wide] }))));

        Assert.Contains("multiplications", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_packet_is_signed_once_and_what_was_signed_comes_back()
    {
        var packet = PacketSamples.Bytes("refresh");
        var signed = PacketSignature.Attach(packet, [1, 2, 3, 4]);

        Assert.Equal(packet.Length + 4 + 2, signed.Length);
        Assert.Equal(PacketSignature.Content(packet).ToArray(), PacketSignature.Detach(signed).Content);
        Assert.Throws<ArgumentException>(() => PacketSignature.Attach(signed, [1]));
    }
}
