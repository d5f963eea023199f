using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MQTTnet;
using MQTTnet.Adapter;
using MQTTnet.Channel;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace FlameEdge.Mqtt;

/// <summary>What lies between the client library and the socket: messages are handed on from the buffer they were read into, and acknowledged, without passing through the library.</summary>
/// <remarks>The library copies every message twice and queues it without a bound. Here the handler runs where the bytes are read: a slow one slows the broker down,
/// and a message of a quarter of a megabyte allocates nothing but its topic. All other packets are the library's.</remarks>
internal sealed class WireAdapter(IMqttChannel channel, MqttPacketFormatterAdapter formatter, Action<MqttApplicationMessage> received, Action heard) : IMqttChannelAdapter
{
    // Many small packets are read by one call; the rest of a large one goes straight into a buffer of its size.
    private const int SmallBytes = 16 * 1024;

    // Larger than any packet a peer of ours sends (PacketHeader.MaximumChunkBytes and what surrounds it): a broker that says more is not believed.
    private const int LargestPacketBytes = 20 * 1024 * 1024;

    private const int PublishType = 3;

    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly byte[] small = new byte[SmallBytes];
    private readonly ArrayBufferWriter<byte> acknowledgements = new(256);
    private byte[] leading = new byte[512];
    private int start;
    private int end;

    public long BytesReceived { get; private set; }

    public long BytesSent { get; private set; }

    public X509Certificate2? ClientCertificate => channel.ClientCertificate;

    public EndPoint? RemoteEndPoint => channel.RemoteEndPoint;

    public EndPoint? LocalEndPoint => channel.LocalEndPoint;

    public bool IsSecureConnection => channel.IsSecureConnection;

    public MqttPacketFormatterAdapter PacketFormatterAdapter => formatter;

    public Task ConnectAsync(CancellationToken cancellationToken) => channel.ConnectAsync(cancellationToken);

    public Task DisconnectAsync(CancellationToken cancellationToken) => channel.DisconnectAsync(cancellationToken);

    public void ResetStatistics() => (BytesReceived, BytesSent) = (0, 0);

    public void Dispose()
    {
        channel.Dispose();
        writing.Dispose();
    }

    /// <summary>The next packet that is not a message; null where the broker has closed the connection.</summary>
    public async Task<MqttPacket?> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!FixedHeader.TryRead(small.AsSpan(start, end - start), out var header))
            {
                await AcknowledgeAsync(cancellationToken);
                if (!await FillAsync(cancellationToken))
                {
                    return null;
                }

                continue;
            }

            if (header.BodyBytes > LargestPacketBytes)
            {
                throw new MqttProtocolViolationException($"the broker sends a packet of {header.BodyBytes} bytes; the largest believed has {LargestPacketBytes}");
            }

            start += header.Bytes;
            if (end - start >= header.BodyBytes)
            {
                var body = new ArraySegment<byte>(small, start, header.BodyBytes);
                start += header.BodyBytes;
                if (Take(header, body) is { } packet)
                {
                    return packet;
                }

                continue;
            }

            var large = ArrayPool<byte>.Shared.Rent(header.BodyBytes);
            try
            {
                if (!await ReadRestAsync(large, header.BodyBytes, cancellationToken))
                {
                    return null;
                }

                if (Take(header, new(large, 0, header.BodyBytes)) is { } packet)
                {
                    return packet;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(large);
            }
        }
    }

    public async Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            var encoded = formatter.Encode(packet);
            await WriteAsync(encoded, cancellationToken);
            formatter.Cleanup();
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Handles a message here, and gives any other packet to the library.</summary>
    private MqttPacket? Take(FixedHeader header, ArraySegment<byte> body)
    {
        var quality = (header.First >> 1) & 3;
        if (header.First >> 4 != PublishType || quality > (int)MqttQualityOfServiceLevel.AtLeastOnce)
        {
            // Decoded, it may keep what it was decoded from.
            return formatter.Decode(new ReceivedMqttPacket(header.First, body.ToArray(), header.Bytes + header.BodyBytes));
        }

        var topicBytes = Require(body, 2) ? BinaryPrimitives.ReadUInt16BigEndian(body) : 0;
        var at = 2 + topicBytes;
        Require(body, at);
        var topic = Encoding.UTF8.GetString(body.AsSpan(2, topicBytes));
        if (quality > 0)
        {
            Require(body, at + 2);
            Note(body.AsSpan(at, 2));
            at += 2;
        }

        if (formatter.ProtocolVersion == MqttProtocolVersion.V500)
        {
            // Nothing of ours reads the properties of a message.
            at += FixedHeader.TryReadLength(body.AsSpan(at), out var length, out var lengthBytes) ? lengthBytes + length : body.Count + 1;
            Require(body, at);
        }

        received(new MqttApplicationMessage
        {
            Topic = topic,
            Payload = new ReadOnlySequence<byte>(body.Array!, body.Offset + at, body.Count - at), // An array stands behind every segment made here.
            Retain = (header.First & 1) != 0,
            QualityOfServiceLevel = (MqttQualityOfServiceLevel)quality,
        });
        return null;
    }

    private static bool Require(ArraySegment<byte> body, int bytes) =>
        body.Count >= bytes ? true : throw new MqttProtocolViolationException($"the broker sends a message of {body.Count} bytes that ends within its head");

    private void Note(ReadOnlySpan<byte> identifier)
    {
        ReadOnlySpan<byte> head = [(byte)((int)MqttControlPacketType.PubAck << 4), 2];
        acknowledgements.Write(head);
        acknowledgements.Write(identifier);
    }

    /// <summary>Acknowledges what was handed on, all at once, before more is waited for.</summary>
    private async ValueTask AcknowledgeAsync(CancellationToken cancellationToken)
    {
        if (acknowledgements.WrittenCount == 0)
        {
            return;
        }

        await writing.WaitAsync(cancellationToken);
        try
        {
            BytesSent += acknowledgements.WrittenCount;
            await channel.WriteAsync(new ReadOnlySequence<byte>(acknowledgements.WrittenMemory), true, cancellationToken);
            acknowledgements.ResetWrittenCount();
        }
        finally
        {
            writing.Release();
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        small.AsSpan(start, end - start).CopyTo(small);
        (start, end) = (0, end - start);
        var read = await channel.ReadAsync(small, end, small.Length - end, cancellationToken);
        end += read;
        BytesReceived += read;
        return read > 0;
    }

    private async ValueTask<bool> ReadRestAsync(byte[] large, int bytes, CancellationToken cancellationToken)
    {
        var have = end - start;
        small.AsSpan(start, have).CopyTo(large);
        (start, end) = (0, 0);
        if (acknowledgements.WrittenCount > 0)
        {
            await AcknowledgeAsync(cancellationToken);
        }

        while (have < bytes)
        {
            var read = await channel.ReadAsync(large, have, bytes - have, cancellationToken);
            if (read <= 0)
            {
                return false;
            }

            have += read;
            BytesReceived += read;
            heard();
        }

        return true;
    }

    /// <summary>The packet's small parts as one, the large ones where they lie.</summary>
    private async ValueTask WriteAsync(MqttPacketBuffer encoded, CancellationToken cancellationToken)
    {
        BytesSent += encoded.Length;
        var parts = encoded.Payload;
        var count = 0;
        Append(encoded.Packet);
        while (!parts.IsEmpty && parts.First.Length <= leading.Length - count)
        {
            Append(parts.First.Span);
            parts = parts.Slice(parts.First.Length);
        }

        await channel.WriteAsync(new ReadOnlySequence<byte>(leading, 0, count), parts.IsEmpty, cancellationToken);
        if (!parts.IsEmpty)
        {
            await channel.WriteAsync(parts, true, cancellationToken);
        }

        void Append(ReadOnlySpan<byte> part)
        {
            if (part.Length > leading.Length - count)
            {
                Array.Resize(ref leading, count + part.Length);
            }

            part.CopyTo(leading.AsSpan(count));
            count += part.Length;
        }
    }
}
