using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters;

/// <summary>
/// Values as they are: magic <c>FEPV</c>, format version (u16), codec (u16, 0), model signature (32 bytes), count (u64), then float32 values. All little-endian.
/// </summary>
public sealed class Float32Codec : IUpdateCodec
{
    /// <summary>Bytes before the values.</summary>
    public const int HeaderBytes = 48;

    private const ushort Version = 1;
    private const ushort Codec = 0;

    /// <inheritdoc/>
    public string Name => "float32";

    private static ReadOnlySpan<byte> Magic => "FEPV"u8;

    /// <inheritdoc/>
    public void Encode(ParameterLayout layout, ReadOnlySpan<float> values, IBufferWriter<byte> output)
    {
        layout.RequireLength(values);
        var header = output.GetSpan(HeaderBytes);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], Codec);
        Convert.FromHexString(layout.Signature.Hex, header[8..40], out _, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], (ulong)values.Length);
        output.Advance(HeaderBytes);
        if (BitConverter.IsLittleEndian)
        {
            output.Write(MemoryMarshal.AsBytes(values));
            return;
        }

        foreach (var value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(output.GetSpan(4), value);
            output.Advance(4);
        }
    }

    /// <summary>The layout a payload was made for, as far as it says: signature and length.</summary>
    /// <exception cref="PayloadException">The bytes are not a parameter payload, or claim more values than they hold.</exception>
    public static ParameterLayout LayoutOf(ReadOnlySequence<byte> input)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        ReadHeader(input, header);
        var values = (input.Length - HeaderBytes) / 4;
        return BinaryPrimitives.ReadUInt64LittleEndian(header[40..]) == (ulong)values && values <= Array.MaxLength
            ? ParameterLayout.Opaque(new ModelSignature(Convert.ToHexStringLower(header[8..40])), (int)values)
            : throw new PayloadException($"the payload claims another number of values than its {input.Length} bytes hold");
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlySequence<byte> input, ParameterLayout layout, Span<float> values)
    {
        layout.RequireLength(values);
        Span<byte> header = stackalloc byte[HeaderBytes];
        ReadHeader(input, header);
        var signature = Convert.ToHexStringLower(header[8..40]);
        if (signature != layout.Signature.Hex)
        {
            throw new ModelMismatchException($"the payload belongs to model {signature[..12]}, this worker has {layout.Signature.Hex[..12]}: start every worker from the same job");
        }

        var count = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        if (count != (ulong)layout.Length || input.Length != HeaderBytes + (4L * layout.Length))
        {
            throw new PayloadException($"the payload holds {count} values in {input.Length} bytes, the model {layout.Length}");
        }

        input.Slice(HeaderBytes).CopyTo(MemoryMarshal.AsBytes(values));
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<float, int>(values);
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        if (!float.IsFinite(ParameterMath.LargestMagnitude(values)))
        {
            throw new PayloadException("the payload holds values that are not finite");
        }
    }

    private static void ReadHeader(ReadOnlySequence<byte> input, Span<byte> header)
    {
        if (input.Length < HeaderBytes)
        {
            throw new PayloadException($"a parameter payload has at least {HeaderBytes} bytes, this one {input.Length}");
        }

        input.Slice(0, HeaderBytes).CopyTo(header);
        if (!header[..4].SequenceEqual(Magic))
        {
            throw new PayloadException("not a parameter payload: it does not start with FEPV");
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        var codec = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
        if (version != Version || codec != Codec)
        {
            throw new PayloadException($"parameter payload of format {version}, codec {codec}; this reader knows format {Version}, codec {Codec} (float32)");
        }
    }
}
