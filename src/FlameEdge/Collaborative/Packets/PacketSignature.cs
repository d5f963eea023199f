using System.Buffers.Binary;
using System.IO.Hashing;
using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Packets;

/// <summary>A place in a packet for a signature over all of it. What signs and what checks is the program's: keys come with the deployment, not with the packet.</summary>
public static class PacketSignature
{
    internal const byte Signed = 1;
    private const int Checksum = 4;
    private const int Length = 2;

    /// <summary>What a signature is made over: the packet as it is without one.</summary>
    public static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> packet) => packet[..^Checksum];

    /// <summary>The packet with a signature over its <see cref="Content"/>.</summary>
    /// <exception cref="ArgumentException">It has one already, or it is no packet.</exception>
    public static byte[] Attach(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> signature)
    {
        if (packet.Length < 8 || packet[3] != 0)
        {
            throw new ArgumentException("only a packet without a signature can be signed", nameof(packet));
        }

        byte[] signed = [.. Content(packet), .. signature, .. new byte[Length + Checksum]];
        signed[3] = Signed;
        BinaryPrimitives.WriteUInt16LittleEndian(signed.AsSpan(signed.Length - Length - Checksum), checked((ushort)signature.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(signed.AsSpan(signed.Length - Checksum), Crc32.HashToUInt32(signed.AsSpan(0, signed.Length - Checksum)));
        return signed;
    }

    /// <summary>Takes a packet and its signature apart; the signature is empty where it has none.</summary>
    /// <exception cref="PayloadException">The bytes are no packet that <see cref="PacketReader"/> would read.</exception>
    public static (byte[] Content, byte[] Signature) Detach(ReadOnlySpan<byte> packet)
    {
        PacketReader.Read(packet);
        var body = packet[..^Checksum];
        var end = EndOf(body);
        var content = body[..end].ToArray();
        content[3] = 0;
        return (content, end < body.Length ? body[end..^Length].ToArray() : []);
    }

    /// <summary>Where the packet's own bytes end within <paramref name="body"/>, which has no checksum any more.</summary>
    /// <exception cref="PayloadException">The signature is longer than the packet.</exception>
    internal static int EndOf(ReadOnlySpan<byte> body)
    {
        if (body[3] != Signed)
        {
            return body.Length;
        }

        var end = body.Length < 4 + Length ? 0 : body.Length - Length - BinaryPrimitives.ReadUInt16LittleEndian(body[^Length..]);
        return end >= 4 ? end : throw new PayloadException($"knowledge packet refused: its signature does not fit into {body.Length} bytes");
    }
}
