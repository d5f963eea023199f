using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// How parameters are written for the wire: a format of values and, before it, what is left out. Stateless; safe to share.
/// </summary>
/// <remarks>A payload: <see cref="PayloadHeader"/>; block length (u32) where values share a scale; for top-k the number of values and of index bytes (u32 each) and the
/// indices; then the values. Its length follows from these, and a payload of any other length is refused before anything is allocated.</remarks>
/// <param name="format">How a value is written.</param>
/// <param name="topShare">The share of values that travel, in (0, 1]: those of largest magnitude, at least one; null for all.</param>
/// <param name="isDelta">True where the values are to be added to a model both sides hold.</param>
public sealed class UpdateCodec(ValueFormat format, double? topShare = null, bool isDelta = false)
{
    private const int Word = 4;

    // What is written, or hashed, at once: whatever the model's size, no more is held beside it.
    private const int LargestPiece = 1 << 20;

    /// <summary>Every value as it is: what is stored, and what moves where a job names no codec.</summary>
    public static UpdateCodec Plain { get; } = new(new Float32Values());

    /// <summary>The name a job gives it.</summary>
    public string Name { get; } = string.Join(" + ", new[] { isDelta ? "delta" : null, topShare is { } share ? $"top-k {share:0.####%}" : null, format.Name }.OfType<string>());

    /// <summary>True where a value that is not sent now must be kept for later, so that nothing is lost for good.</summary>
    public bool KeepsError => topShare is not null || format is SignValues;

    /// <summary>True where the values are to be added to a model both sides hold.</summary>
    public bool IsDelta => isDelta;

    /// <summary>True where what is decoded is what was encoded, to the bit.</summary>
    public bool IsExact => topShare is null && format is Float32Values && !isDelta;

    internal ushort Number => (ushort)(format.Id | (topShare is null ? 0 : PayloadHeader.Sparse) | (isDelta ? PayloadHeader.Delta : 0));

    private int PieceLength => Math.Max(format.Block, LargestPiece / format.Block * format.Block);

    private int Prefix => PayloadHeader.Bytes + (format.Block > 1 ? Word : 0) + (topShare is null ? 0 : 2 * Word);

    /// <summary>Values of a model of <paramref name="length"/> that travel: the share rounded up, at least one.</summary>
    public int KeptOf(int length) => topShare is { } share ? Math.Clamp((int)Math.Ceiling((decimal)share * length), Math.Min(1, length), length) : length;

    /// <summary>Bytes of a payload; for top-k the most it can have.</summary>
    public long LargestBytesOf(int length) => Prefix + format.BytesOf(KeptOf(length)) + (topShare is null ? 0 : 5L * KeptOf(length));

    /// <summary>Appends a payload of <paramref name="values"/>.</summary>
    public void Encode(ParameterLayout layout, ReadOnlySpan<float> values, IBufferWriter<byte> output)
    {
        layout.RequireLength(values);
        if (topShare is null)
        {
            WritePrefix(layout, [], output);
            WriteValues(values, output);
            return;
        }

        var indices = LargestValues.Find(values, KeptOf(values.Length));
        WritePrefix(layout, indices, output);
        WriteValues(Gather(values, indices), output);
    }

    /// <summary>Appends a payload of <paramref name="values"/>, all finite, and leaves in them what it does not carry: the error that belongs into the next update.</summary>
    public void EncodeKeepingError(ParameterLayout layout, Span<float> values, IBufferWriter<byte> output)
    {
        layout.RequireLength(values);
        int[]? indices = topShare is null ? null : LargestValues.Find(values, KeptOf(values.Length));
        ReadOnlySpan<float> sent = indices is null ? values : Gather(values, indices);
        WritePrefix(layout, indices ?? [], output);
        var buffer = new float[EncodedTiles.LengthFor(format)];
        for (var piece = 0; piece < sent.Length; piece += PieceLength)
        {
            var length = Math.Min(PieceLength, sent.Length - piece);
            var bytes = WritePiece(sent.Slice(piece, length), output);
            for (var start = 0; start < length; start += buffer.Length)
            {
                var count = Math.Min(buffer.Length, length - start);
                var carried = format.Read(bytes.Slice((int)format.BytesOf(start), (int)format.BytesOf(count)), buffer.AsSpan(0, count));
                for (var i = 0; i < count; i++)
                {
                    values[indices is null ? piece + start + i : indices[piece + start + i]] -= carried[i];
                }
            }
        }
    }

    /// <summary>Appends a payload of what <paramref name="model"/> differs from <paramref name="held"/>, and adds to <paramref name="held"/> what it carries, as a reader of it will.</summary>
    /// <exception cref="PayloadException">The codec cannot carry it; what <paramref name="held"/> is then is undefined.</exception>
    public void EncodeChange(ParameterLayout layout, Span<float> held, ReadOnlySpan<float> model, IBufferWriter<byte> output)
    {
        layout.RequireLength(held);
        layout.RequireLength(model);
        if (topShare is not null)
        {
            EncodeSparseChange(layout, held, model, output);
            return;
        }

        WritePrefix(layout, [], output);
        var change = ArrayPool<float>.Shared.Rent(Math.Min(PieceLength, held.Length));
        for (var start = 0; start < held.Length; start += PieceLength)
        {
            var length = Math.Min(PieceLength, held.Length - start);
            ParameterMath.Delta(held.Slice(start, length), model.Slice(start, length), change.AsSpan(0, length));
            var written = WritePiece(change.AsSpan(0, length), output);
            RequireFinite(format.AddTo(written, held.Slice(start, length), change));
        }

        ArrayPool<float>.Shared.Return(change);
    }

    /// <summary>SHA-256, in lower-case hex, of the values a reader of a whole model's payload will hold.</summary>
    /// <exception cref="PayloadException">As for <see cref="Decode"/>.</exception>
    public string HashOfDecoded(ReadOnlySequence<byte> input, ParameterLayout layout)
    {
        var (indices, tiles) = Open(input, layout);
        if (indices is not null || isDelta)
        {
            throw new InvalidOperationException($"a payload in {Name} is no whole model");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<float>.Shared.Rent(tiles.TileLength);
        for (var start = 0; start < tiles.Length; start += tiles.TileLength)
        {
            var values = buffer.AsSpan(0, Math.Min(tiles.TileLength, tiles.Length - start));
            DecodeRange(tiles, start, values, isAdded: false);
            hash.AppendData(MemoryMarshal.AsBytes(values));
        }

        ArrayPool<float>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The layout a whole model was written for, as far as the payload says: signature and length.</summary>
    /// <exception cref="PayloadException">It is no payload of this codec, or claims more values than it holds.</exception>
    public ParameterLayout LayoutOf(ReadOnlySequence<byte> input)
    {
        var header = PayloadHeader.Read(input);
        if (topShare is not null || isDelta)
        {
            throw new InvalidOperationException($"a payload in {Name} is no whole model");
        }

        if (header.Count > (ulong)Array.MaxLength)
        {
            throw new PayloadException($"the payload claims {header.Count} values");
        }

        var layout = ParameterLayout.Opaque(header.Signature, (int)header.Count);
        Open(input, layout);
        return layout;
    }

    /// <summary>Reads exactly one set of values, zero where none travelled; every value is finite.</summary>
    /// <exception cref="PayloadException">The bytes are not such a set: foreign, truncated, too long, or not finite. What <paramref name="values"/> hold then is undefined.</exception>
    /// <exception cref="ModelMismatchException">They belong to a model of another layout.</exception>
    public void Decode(ReadOnlySequence<byte> input, ParameterLayout layout, Span<float> values)
    {
        layout.RequireLength(values);
        var (indices, tiles) = Open(input, layout);
        if (indices is not null)
        {
            values.Clear();
            Scatter(indices, ReadAll(tiles), values, isAdded: false);
            return;
        }

        DecodeTiles(tiles, values, isAdded: false);
    }

    /// <summary>Adds one set of values to <paramref name="values"/>, each sum rounded once.</summary>
    /// <exception cref="PayloadException">As for <see cref="Decode"/>.</exception>
    /// <exception cref="ModelMismatchException">As for <see cref="Decode"/>.</exception>
    public void DecodeAndAdd(ReadOnlySequence<byte> input, ParameterLayout layout, Span<float> values)
    {
        layout.RequireLength(values);
        var (indices, tiles) = Open(input, layout);
        if (indices is not null)
        {
            Scatter(indices, ReadAll(tiles), values, isAdded: true);
            return;
        }

        DecodeTiles(tiles, values, isAdded: true);
    }

    /// <summary>Adds weight · values to a sum, straight from the payload; all of them, or none.</summary>
    /// <exception cref="PayloadException">As for <see cref="Decode"/>; the sum is as it was.</exception>
    /// <exception cref="ModelMismatchException">As for <see cref="Decode"/>; the sum is as it was.</exception>
    public SumRefusal Fold(ReadOnlySequence<byte> input, ParameterLayout layout, long weight, ExactSum sum)
    {
        var (indices, tiles) = Open(input, layout);
        if (indices is not null)
        {
            return sum.Add(weight, indices, ReadAll(tiles));
        }

        var refusal = sum.Add(weight, tiles);
        if (refusal == SumRefusal.ValueOutOfRange)
        {
            // What diverged is told from what is merely too large.
            ReadAll(tiles);
        }

        return refusal;
    }

    private void WritePrefix(ParameterLayout layout, ReadOnlySpan<int> indices, IBufferWriter<byte> output)
    {
        new PayloadHeader(Number, layout.Signature, (ulong)layout.Length).Write(output);
        if (format.Block > 1)
        {
            WriteWord(format.Block);
        }

        if (topShare is null)
        {
            return;
        }

        var gaps = new ArrayBufferWriter<byte>(indices.Length * 2 + Word);
        IndexList.Write(indices, gaps);
        WriteWord(indices.Length);
        WriteWord(gaps.WrittenCount);
        output.Write(gaps.WrittenSpan);

        void WriteWord(int word)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(Word), (uint)word);
            output.Advance(Word);
        }
    }

    // The largest differences can be told only when all are known.
    private void EncodeSparseChange(ParameterLayout layout, Span<float> held, ReadOnlySpan<float> model, IBufferWriter<byte> output)
    {
        var change = new float[held.Length];
        ParameterMath.Delta(held, model, change);
        var written = new ArrayBufferWriter<byte>();
        Encode(layout, change, written);
        DecodeAndAdd(new(written.WrittenMemory), layout, held);
        output.Write(written.WrittenSpan);
    }

    private void WriteValues(ReadOnlySpan<float> values, IBufferWriter<byte> output)
    {
        for (var start = 0; start < values.Length; start += PieceLength)
        {
            WritePiece(values.Slice(start, Math.Min(PieceLength, values.Length - start)), output);
        }
    }

    private ReadOnlySpan<byte> WritePiece(ReadOnlySpan<float> values, IBufferWriter<byte> output)
    {
        var size = checked((int)format.BytesOf(values.Length));
        var bytes = output.GetSpan(size)[..size];
        unsafe
        {
            fixed (float* source = values)
            {
                fixed (byte* target = bytes)
                {
                    var (from, to) = ((nint)source, (nint)target);
                    Ranges.Run(values.Length, (_, start, count) => format.Write(new((float*)from + start, count), new((byte*)to + format.BytesOf(start), (int)format.BytesOf(count))), Ranges.Length / format.Block * format.Block);
                }
            }
        }

        output.Advance(size);
        return bytes;
    }

    private (int[]? Indices, EncodedTiles Tiles) Open(ReadOnlySequence<byte> input, ParameterLayout layout)
    {
        var header = PayloadHeader.Read(input);
        if (header.Codec != Number)
        {
            throw new PayloadException($"the payload is in codec 0x{header.Codec:x}, this channel's is {Name} (0x{Number:x}): start every worker from the same job");
        }

        if (header.Signature != layout.Signature)
        {
            throw new ModelMismatchException($"the payload belongs to model {header.Signature.Hex[..12]}, this worker has {layout.Signature.Hex[..12]}: start every worker from the same job");
        }

        if (header.Count != (ulong)layout.Length)
        {
            throw new PayloadException($"the payload is of a model of {header.Count} values, this one has {layout.Length}");
        }

        var rest = input.Slice(PayloadHeader.Bytes);
        if (format.Block > 1 && ReadWord() is var block && block != format.Block)
        {
            throw new PayloadException($"the payload's blocks have {block} values, this channel's {format.Block}");
        }

        int[]? indices = null;
        if (topShare is not null)
        {
            indices = ReadIndices();
        }

        var count = indices?.Length ?? layout.Length;
        return rest.Length == format.BytesOf(count)
            ? (indices, new EncodedTiles(rest, format, count))
            : throw new PayloadException($"{count} values in {format.Name} have {format.BytesOf(count)} bytes, the payload has {rest.Length} for them");

        int[] ReadIndices()
        {
            var (kept, size) = (ReadWord(), ReadWord());
            if (kept != KeptOf(layout.Length))
            {
                throw new PayloadException($"the payload carries {kept} values, {Name} of {layout.Length} are {KeptOf(layout.Length)}");
            }

            if (size > rest.Length || rest.Length - size != format.BytesOf((int)kept))
            {
                throw new PayloadException($"the payload's {rest.Length} bytes of indices and values are not {size} and {format.BytesOf((int)kept)}");
            }

            var found = new int[kept];
            IndexList.Read(rest.Slice(0, size).ToArray(), found, layout.Length);
            rest = rest.Slice(size);
            return found;
        }

        long ReadWord()
        {
            if (rest.Length < Word)
            {
                throw new PayloadException($"the payload ends after {input.Length} bytes, before its values");
            }

            Span<byte> word = stackalloc byte[Word];
            rest.Slice(0, Word).CopyTo(word);
            rest = rest.Slice(Word);
            return BinaryPrimitives.ReadUInt32LittleEndian(word);
        }
    }

    private static void DecodeTiles(EncodedTiles tiles, Span<float> values, bool isAdded)
    {
        PayloadException? fault = null;
        unsafe
        {
            fixed (float* target = values)
            {
                var to = (nint)target;
                Ranges.Run(tiles.Length, (_, start, count) =>
                {
                    try
                    {
                        DecodeRange(tiles, start, new((float*)to + start, count), isAdded);
                    }
                    catch (PayloadException error)
                    {
                        fault = error;
                    }
                }, Ranges.Length / tiles.TileLength * tiles.TileLength);
            }
        }

        if (fault is not null)
        {
            throw fault;
        }
    }

    private static void DecodeRange(EncodedTiles tiles, int start, Span<float> values, bool isAdded)
    {
        var buffer = isAdded ? ArrayPool<float>.Shared.Rent(tiles.TileLength) : [];
        for (var at = 0; at < values.Length; at += tiles.TileLength)
        {
            var target = values.Slice(at, Math.Min(tiles.TileLength, values.Length - at));
            if (isAdded)
            {
                RequireFinite(tiles.AddTo(start + at, target, buffer));
                continue;
            }

            var read = tiles.Read(start + at, target);
            if (read != target)
            {
                read.CopyTo(target);
            }

            RequireFinite(ParameterMath.LargestMagnitude(target));
        }

        if (isAdded)
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    private static float[] ReadAll(EncodedTiles tiles)
    {
        var values = new float[tiles.Length];
        DecodeTiles(tiles, values, isAdded: false);
        return values;
    }

    private static void Scatter(int[] indices, float[] sent, Span<float> values, bool isAdded)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            values[indices[i]] = isAdded ? values[indices[i]] + sent[i] : sent[i];
        }
    }

    private static float[] Gather(ReadOnlySpan<float> values, int[] indices)
    {
        var gathered = new float[indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            gathered[i] = values[indices[i]];
        }

        return gathered;
    }

    private static void RequireFinite(float largest)
    {
        if (!float.IsFinite(largest))
        {
            throw new PayloadException("the payload holds values that are not finite");
        }
    }
}
