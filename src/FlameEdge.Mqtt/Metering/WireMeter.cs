using System.Buffers.Binary;
using System.Text;

namespace FlameEdge.Mqtt.Metering;

/// <summary>Reads one direction of an MQTT connection as it passes and says what its bytes are for. Bytes may come in pieces of any size.</summary>
/// <remarks>Not thread-safe; keeps no more than the head of one packet: its fixed header and topic.</remarks>
internal sealed class WireMeter(TopicScheme topics, Action<WireKind, int> tally)
{
    private const int Publish = 3;
    private const int PingRequest = 12;
    private const int PingAnswer = 13;
    private readonly List<byte> head = [];
    private WireKind kind;
    private int rest;

    /// <summary>More bytes have passed.</summary>
    /// <exception cref="MQTTnet.Exceptions.MqttProtocolViolationException">They are no MQTT.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (rest > 0)
            {
                var taken = Math.Min(rest, bytes.Length);
                tally(kind, taken);
                rest -= taken;
                bytes = bytes[taken..];
                continue;
            }

            head.Add(bytes[0]);
            bytes = bytes[1..];
            if (Head() is { } packet)
            {
                (kind, rest) = (packet.Kind, packet.Bytes - head.Count);
                tally(kind, head.Count);
                head.Clear();
            }
        }
    }

    // Known as soon as the topic of a publish, or the length of anything else, has been read.
    private (WireKind Kind, int Bytes)? Head()
    {
        var known = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(head);
        if (!FixedHeader.TryRead(known, out var header))
        {
            return null;
        }

        var total = header.Bytes + header.BodyBytes;
        switch (header.First >> 4)
        {
            case PingRequest or PingAnswer:
                return (WireKind.KeepAlive, total);
            case not Publish:
                return (WireKind.Session, total);
            default:
                break;
        }

        var body = known[header.Bytes..];
        if (header.BodyBytes < 2)
        {
            return (WireKind.Other, total);
        }

        if (body.Length < 2)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(body);
        if (length + 2 > header.BodyBytes)
        {
            return (WireKind.Other, total);
        }

        return body.Length < length + 2 ? null : (Of(topics.Read(Encoding.UTF8.GetString(body.Slice(2, length)))), total);
    }

    private static WireKind Of(ReceivedTopic? topic) => topic switch
    {
        DataTopic data => new("data", data.Channel.Value),
        HereTopic here => new("here", here.Channel.Value),
        NoticeTopic or AliveTopic => new("notice"),
        _ => WireKind.Other,
    };
}
