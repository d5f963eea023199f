using System.Buffers;
using CsCheck;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Diagnostics;
using FlameEdge.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>The wire format: written once, read by strangers.</summary>
public sealed class PacketHeaderTests
{
    private static readonly PacketHeader Golden = new()
    {
        Kind = PacketKind.Chunk,
        MessageKind = MessageKind.Update,
        Flags = PacketHeader.BroadcastFlag,
        Incarnation = 3,
        ToIncarnation = 4,
        MessageId = 0x0102030405060708,
        Floor = 0x1112,
        Sequence = 0x21222324,
        Round = 17,
        ChunkIndex = 2,
        ChunkCount = 3,
        ChunkBytes = 8,
        HeadBytes = 5,
        BodyBytes = 20,
        ContentHash = new UInt128(0x3132333435363738, 0x4142434445464748),
    };

    [Fact]
    public void Bytes_are_those_of_the_golden_file()
    {
        var packet = Golden.ToPacket(new ReadOnlySequence<byte>([0xA0, 0xA1, 0xA2, 0xA3])).ToArray();

        var golden = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "tests/FlameEdge.Tests/Channels/Golden/packet-v1.hex"));
        Assert.Equal(golden.Trim(), Convert.ToHexString(packet));
        Assert.Equal(Golden, PacketHeader.Read(packet, out var payload));
        Assert.Equal([0xA0, 0xA1, 0xA2, 0xA3], payload.ToArray());
    }

    [Fact]
    public void Any_changed_bit_is_noticed()
    {
        var packet = Golden.ToPacket(new ReadOnlySequence<byte>(new byte[4])).ToArray();
        for (var bit = 0; bit < packet.Length * 8; bit++)
        {
            packet[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<PayloadException>(() => PacketHeader.Read(packet, out _));
            packet[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Any_truncation_is_noticed()
    {
        var packet = Golden.ToPacket(new ReadOnlySequence<byte>(new byte[4])).ToArray();
        for (var length = 0; length < packet.Length; length++)
        {
            Assert.Throws<PayloadException>(() => PacketHeader.Read(packet.AsSpan(0, length), out _));
        }
    }

    [Fact]
    public void Random_bytes_are_refused_and_nothing_else_happens() =>
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.Throws<PayloadException>(() => PacketHeader.Read(bytes, out _)));

    [Fact]
    public void Headers_with_a_true_checksum_but_senseless_numbers_are_refused_or_make_sense()
    {
        var numbers = Gen.Int;
        Gen.Select(Gen.Byte, numbers, numbers, numbers, Gen.Long).Sample((kind, index, count, chunkBytes, bodyBytes) =>
        {
            var packet = (Golden with { Kind = (PacketKind)(kind % 10), ChunkIndex = index, ChunkCount = count, ChunkBytes = chunkBytes, BodyBytes = bodyBytes })
                .ToPacket(new ReadOnlySequence<byte>(new byte[8])).ToArray();
            try
            {
                var header = PacketHeader.Read(packet, out _);
                Assert.InRange(header.ChunkCount, header.Kind is PacketKind.Chunk or PacketKind.Offer or PacketKind.Request ? 1 : int.MinValue, PacketHeader.MaximumChunkCount | int.MaxValue);
            }
            catch (PayloadException)
            {
                // What most of them deserve.
            }
        });
    }

    [Fact]
    public void Requests_read_back_what_was_asked_for() =>
        Gen.Int[0, 999].HashSet[0, 200].Sample(wanted =>
        {
            var map = new ChunkMap(1000);
            foreach (var index in wanted)
            {
                map.Add(index);
            }

            List<int> read = [];
            var credit = ChunkRequest.Read(ChunkRequest.Write(700, map), 1000, read.Add);

            Assert.Equal(700, credit);
            Assert.Equal(wanted.Order(), read);
        });

    [Fact]
    public void Random_requests_name_only_chunks_that_exist_or_are_refused() =>
        Gen.Select(Gen.Byte.Array[0, 64], Gen.Int[1, 200]).Sample((bytes, count) =>
        {
            List<int> read = [];
            try
            {
                Assert.InRange(ChunkRequest.Read(bytes, count, read.Add), 0, count);
                Assert.All(read, index => Assert.InRange(index, 0, count - 1));
            }
            catch (PayloadException)
            {
                Assert.Empty(read);
            }
        });
}
