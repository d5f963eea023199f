using System.Buffers.Binary;
using System.Text;
using FlameEdge.Channels.Transfer;
using FlameEdge.Diagnostics;

namespace FlameEdge.Mqtt.Direct;

/// <summary>How packets follow one another on a connection: little-endian, the length of what follows (u32), the length of the topic (u16), topic, packet.</summary>
internal static class PeerFrame
{
    /// <summary>Bytes before the topic.</summary>
    public const int HeaderBytes = 6;

    /// <summary>The longest topic of a plan.</summary>
    public const int LongestTopic = 256;

    /// <summary>The longest packet, its header included.</summary>
    public const int LongestPacket = 1024 * 1024 + PacketHeader.Size;

    /// <summary>The longest life sign, which is all that is read of somebody not known yet.</summary>
    public const int LongestGreeting = 512;

    /// <summary>Writes what stands before the packet; its length.</summary>
    public static int WriteHead(Span<byte> to, string topic, int packetBytes)
    {
        var topicBytes = Encoding.UTF8.GetBytes(topic, to[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(to, (uint)(sizeof(ushort) + topicBytes + packetBytes));
        BinaryPrimitives.WriteUInt16LittleEndian(to[sizeof(uint)..], (ushort)topicBytes);
        return HeaderBytes + topicBytes;
    }

    /// <summary>The lengths of topic and packet; checked before anybody allocates by them.</summary>
    /// <exception cref="PayloadException">They contradict each other or a bound.</exception>
    public static (int Topic, int Packet) ReadHead(ReadOnlySpan<byte> head, int longestPacket)
    {
        long following = BinaryPrimitives.ReadUInt32LittleEndian(head);
        int topic = BinaryPrimitives.ReadUInt16LittleEndian(head[sizeof(uint)..]);
        var packet = following - sizeof(ushort) - topic;
        return topic is > 0 and <= LongestTopic && packet >= 0 && packet <= longestPacket
            ? (topic, (int)packet)
            : throw new PayloadException($"a frame of {following} bytes with a topic of {topic}");
    }
}
