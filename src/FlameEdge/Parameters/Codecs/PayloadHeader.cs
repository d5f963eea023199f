using System.Buffers;
using System.Buffers.Binary;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// The first 48 bytes of every parameter payload: magic <c>FEPV</c>, format version (u16), codec (u16), model signature (32 bytes), count (u64); little-endian.
/// </summary>
/// <param name="Codec">Low byte: the value format; then one bit for each step before and after it.</param>
/// <param name="Signature">Whose values they are.</param>
/// <param name="Count">Values of the whole model, whatever part of them the payload carries.</param>
public readonly record struct PayloadHeader(ushort Codec, ModelSignature Signature, ulong Count)
{
    /// <summary>Its length.</summary>
    public const int Bytes = 48;

    /// <summary>Set where only the largest values travel.</summary>
    internal const ushort Sparse = 0x0100;

    /// <summary>Set where the values are to be added to a model both sides hold.</summary>
    internal const ushort Delta = 0x0200;

    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => "FEPV"u8;

    /// <summary>Appends it.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        var header = output.GetSpan(Bytes);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], Codec);
        Convert.FromHexString(Signature.Hex, header[8..40], out _, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], Count);
        output.Advance(Bytes);
    }

    /// <summary>Reads the start of a payload.</summary>
    /// <exception cref="PayloadException">It is too short, or of another kind or version.</exception>
    public static PayloadHeader Read(ReadOnlySequence<byte> input)
    {
        if (input.Length < Bytes)
        {
            throw new PayloadException($"a parameter payload has at least {Bytes} bytes, this one {input.Length}");
        }

        Span<byte> header = stackalloc byte[Bytes];
        input.Slice(0, Bytes).CopyTo(header);
        if (!header[..4].SequenceEqual(Magic))
        {
            throw new PayloadException("not a parameter payload: it does not start with FEPV");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        return version == Version
            ? new(BinaryPrimitives.ReadUInt16LittleEndian(header[6..]), new(Convert.ToHexStringLower(header[8..40])), BinaryPrimitives.ReadUInt64LittleEndian(header[40..]))
            : throw new PayloadException($"parameter payload of format {version}; this reader knows format {Version}");
    }
}
