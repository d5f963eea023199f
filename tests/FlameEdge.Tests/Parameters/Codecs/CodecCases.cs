using System.Buffers;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Tests.Parameters.Codecs;

/// <summary>Every codec by the name of its golden file, and what tests do with all of them.</summary>
internal static class CodecCases
{
    /// <summary>The ten values of the golden files.</summary>
    public static readonly float[] Values = [1f, -2.5f, 0.375f, 100.0625f, -0.001f, 0f, 7f, -7.25f, 0.5f, 3f];

    public static readonly Dictionary<string, UpdateCodec> All = new(StringComparer.Ordinal)
    {
        ["float16"] = new(new Float16Values()),
        ["bfloat16"] = new(new BFloat16Values()),
        ["int8"] = new(new Int8Values(8)),
        ["sign"] = new(new SignValues(8)),
        ["delta"] = new(new Float16Values(), isDelta: true),
        ["top-k"] = new(new Float32Values(), 0.4),
        ["top-k-int8"] = new(new Int8Values(8), 0.4),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    /// <summary>The layout of the float32 golden file, with another number of values.</summary>
    public static ParameterLayout LayoutOf(int length) =>
        ParameterLayout.Opaque(ParameterLayout.Of([("layer1.weight", [2, 2], ParameterKind.Trainable), ("layer1.bias", [2], ParameterKind.Trainable)]).Signature, length);

    public static byte[] Encode(UpdateCodec codec, float[] values)
    {
        var output = new ArrayBufferWriter<byte>();
        codec.Encode(LayoutOf(values.Length), values, output);
        return output.WrittenSpan.ToArray();
    }

    public static float[] Decode(UpdateCodec codec, ReadOnlySequence<byte> bytes, int length)
    {
        var values = new float[length];
        codec.Decode(bytes, LayoutOf(length), values);
        return values;
    }

    public static float[] Decode(UpdateCodec codec, byte[] bytes, int length) => Decode(codec, new ReadOnlySequence<byte>(bytes), length);

    /// <summary>The same bytes in pieces of <paramref name="piece"/>.</summary>
    public static ReadOnlySequence<byte> Cut(byte[] bytes, int piece)
    {
        var first = new Segment(bytes.AsMemory(0, Math.Min(piece, bytes.Length)), 0, null);
        var last = first;
        for (var at = piece; at < bytes.Length; at += piece)
        {
            last = new Segment(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at)), at, last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index, Segment? before)
        {
            Memory = memory;
            RunningIndex = index;
            before?.Next = this;
        }
    }
}
