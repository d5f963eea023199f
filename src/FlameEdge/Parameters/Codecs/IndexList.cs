using System.Buffers;
using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>
/// Ascending indices as the gaps between them (the first counts from -1, a gap of 0 is the next index), each in LEB128: seven bits a byte, the lowest first.
/// Order and uniqueness need no check: nothing else can be written.
/// </summary>
internal static class IndexList
{
    private const int LongestGap = 5;

    public static void Write(ReadOnlySpan<int> indices, IBufferWriter<byte> output)
    {
        var next = 0;
        foreach (var index in indices)
        {
            var gap = (uint)(index - next);
            var span = output.GetSpan(LongestGap);
            var length = 0;
            for (; gap > 0x7F; gap >>= 7)
            {
                span[length++] = (byte)(gap | 0x80);
            }

            span[length++] = (byte)gap;
            output.Advance(length);
            next = index + 1;
        }
    }

    /// <summary>Reads as many indices as <paramref name="indices"/> holds, all below <paramref name="limit"/>; they must fill the bytes.</summary>
    /// <exception cref="PayloadException">They do not, or a gap is not written in its shortest form.</exception>
    public static void Read(ReadOnlySpan<byte> bytes, Span<int> indices, int limit)
    {
        var at = 0;
        var next = 0L;
        for (var i = 0; i < indices.Length; i++)
        {
            var gap = 0L;
            var shift = 0;
            int digit;
            do
            {
                if (at == bytes.Length || shift == 7 * LongestGap)
                {
                    throw new PayloadException("the indices end in the middle of one");
                }

                digit = bytes[at++];
                gap |= (long)(digit & 0x7F) << shift;
                shift += 7;
            }
            while (digit > 0x7F);

            next += gap;
            if (next >= limit || (digit == 0 && shift > 7))
            {
                throw new PayloadException(next >= limit ? $"the index {next} lies beyond the model's {limit} values" : "a gap between indices is longer than it needs to be");
            }

            indices[i] = (int)next++;
        }

        if (at != bytes.Length)
        {
            throw new PayloadException($"{bytes.Length - at} bytes follow the last index");
        }
    }
}
