using System.Buffers;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MQTTnet;
using MQTTnet.Channel;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;

namespace FlameEdge.Mqtt.Tests;

/// <summary>Messages are handed on from the bytes of the connection, however these are cut; what is malformed ends the connection and nothing else.</summary>
public sealed class WireAdapterTests
{
    private const int LargeBytes = 300_000;

    private readonly List<(string Topic, byte[] Payload, bool Retain)> told = [];

    private static CancellationToken Never => TestContext.Current.CancellationToken;

    public static TheoryData<MqttProtocolVersion, int> Cuts => new MatrixTheoryData<MqttProtocolVersion, int>([MqttProtocolVersion.V311, MqttProtocolVersion.V500], [1, 3, 1000, 20_000, int.MaxValue]);

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task Messages_are_told_whole_and_in_order_and_acknowledged_however_the_bytes_are_cut(MqttProtocolVersion version, int cut)
    {
        var large = Enumerable.Range(0, LargeBytes).Select(i => (byte)(i * 7)).ToArray();
        var channel = new Scripted(cut,
            Publish(version, "a/small", 1, [1, 2, 3], retain: true), Publish(version, "a/large", 2, large), Publish(version, "a/empty", null, []), Publish(version, "b", 0x1234, [9]), [0xD0, 0]);

        using var adapter = AdapterOver(channel, version);
        var packet = await adapter.ReceivePacketAsync(Never);

        Assert.IsType<MqttPingRespPacket>(packet);
        Assert.Equal(["a/small", "a/large", "a/empty", "b"], told.Select(message => message.Topic));
        Assert.Equal([true, false, false, false], told.Select(message => message.Retain));
        Assert.Equal<byte[]>([[1, 2, 3], large, [], [9]], told.Select(message => message.Payload));

        // The next read finds the end; before it waits, all that was told has been acknowledged.
        Assert.Null(await adapter.ReceivePacketAsync(Never));
        Assert.Equal<byte>([0x40, 2, 0, 1, 0x40, 2, 0, 2, 0x40, 2, 0x12, 0x34], channel.Written);
    }

    [Fact]
    public async Task A_packet_longer_than_any_of_ours_is_not_believed()
    {
        var channel = new Scripted(int.MaxValue, [0x32, 0xFF, 0xFF, 0xFF, 0x7F]);

        await Assert.ThrowsAsync<MqttProtocolViolationException>(() => AdapterOver(channel, MqttProtocolVersion.V500).ReceivePacketAsync(Never));
    }

    [Theory]
    [InlineData("32-FF-FF-FF-FF-01")]
    [InlineData("30-00")]
    [InlineData("30-03-00-09-61")]
    [InlineData("32-04-00-01-61-00")]
    [InlineData("32-06-00-01-61-00-01-7F")]
    [InlineData("32-05-00-01-61-00-01")]
    public async Task A_message_that_ends_within_its_head_is_not_believed(string bytes)
    {
        var channel = new Scripted(int.MaxValue, Convert.FromHexString(bytes.Replace("-", "", StringComparison.Ordinal)));

        await Assert.ThrowsAsync<MqttProtocolViolationException>(() => AdapterOver(channel, MqttProtocolVersion.V500).ReceivePacketAsync(Never));
        Assert.Empty(told);
    }

    [Fact]
    public async Task A_packet_goes_out_as_the_library_writes_it_whatever_parts_its_payload_has()
    {
        var channel = new Scripted(int.MaxValue);
        var payload = new byte[LargeBytes];
        new Random(4).NextBytes(payload);

        await AdapterOver(channel, MqttProtocolVersion.V311).SendPacketAsync(
            new MqttPublishPacket { Topic = "t", PacketIdentifier = 5, QualityOfServiceLevel = MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce, Payload = InParts(payload, 96, 100_000) }, Never);

        Assert.Equal(Publish(MqttProtocolVersion.V311, "t", 5, payload), channel.Written);
    }

    private WireAdapter AdapterOver(Scripted channel, MqttProtocolVersion version) => new(channel, new MqttPacketFormatterAdapter(version, new MqttBufferWriter(4096, 65_535)),
        message => told.Add((message.Topic, message.Payload.ToArray(), message.Retain)), static () => { });

    private static byte[] Publish(MqttProtocolVersion version, string topic, ushort? identifier, byte[] payload, bool retain = false)
    {
        var body = new List<byte>();
        body.AddRange([(byte)(topic.Length >> 8), (byte)topic.Length]);
        body.AddRange(Encoding.UTF8.GetBytes(topic));
        if (identifier is { } id)
        {
            body.AddRange([(byte)(id >> 8), (byte)id]);
        }

        if (version == MqttProtocolVersion.V500)
        {
            // A message that expires in a minute.
            body.AddRange([5, 2, 0, 0, 0, 60]);
        }

        body.AddRange(payload);
        var packet = new List<byte> { (byte)(0x30 | (identifier is null ? 0 : 2) | (retain ? 1 : 0)) };
        for (var rest = body.Count; ;)
        {
            packet.Add((byte)((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)));
            rest >>= 7;
            if (rest == 0)
            {
                break;
            }
        }

        return [.. packet, .. body];
    }

    private static ReadOnlySequence<byte> InParts(byte[] bytes, params int[] cuts)
    {
        Segment first = new(bytes.AsMemory(0, cuts[0]), 0), last = first;
        for (var index = 0; index < cuts.Length; index++)
        {
            last = last.Then(bytes.AsMemory(cuts[index]..(index + 1 < cuts.Length ? cuts[index + 1] : bytes.Length)));
        }

        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long start) => (Memory, RunningIndex) = (memory, start);

        public Segment Then(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    /// <summary>A connection that says what it was told to, at most <paramref name="cut"/> bytes at a time, and then ends.</summary>
    private sealed class Scripted(int cut, params byte[][] packets) : IMqttChannel
    {
        private readonly byte[] bytes = [.. packets.SelectMany(packet => packet)];
        private readonly List<byte> written = [];
        private int at;

        public byte[] Written => [.. written];

        public X509Certificate2? ClientCertificate => null;

        public EndPoint? RemoteEndPoint => null;

        public EndPoint? LocalEndPoint => null;

        public bool IsSecureConnection => false;

        public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task DisconnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            var length = Math.Min(Math.Min(count, cut), bytes.Length - at);
            bytes.AsSpan(at, length).CopyTo(buffer.AsSpan(offset));
            at += length;
            return Task.FromResult(length);
        }

        public Task WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
        {
            written.AddRange(buffer.ToArray());
            return Task.CompletedTask;
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
