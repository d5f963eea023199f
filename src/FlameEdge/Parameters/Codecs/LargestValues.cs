using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>Where the k largest magnitudes of a long buffer stand.</summary>
public static class LargestValues
{
    private const uint Magnitude = 0x7FFF_FFFF;

    // Among this many evenly spaced values the k-th largest is known to a few per cent: enough to leave all but few values out at the first sight.
    private const int SampleCount = 1 << 14;

    /// <summary>
    /// Indices of the <paramref name="count"/> largest magnitudes, ascending; of equal magnitudes the lower index wins. NaN counts as larger than any number.
    /// </summary>
    /// <remarks>One pass over the values; the guess that speeds it up never changes the answer.</remarks>
    public static int[] Find(ReadOnlySpan<float> values, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, values.Length);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
        {
            return [];
        }

        if (count == values.Length)
        {
            return [.. Enumerable.Range(0, count)];
        }

        var bits = MemoryMarshal.Cast<float, uint>(values);
        var candidates = Above(bits, Guess(bits, count));
        if (candidates.Count < count)
        {
            candidates = Above(bits, 0);
        }

        return Largest(bits, CollectionsMarshal.AsSpan(candidates), count);
    }

    // A magnitude that a little more than count values reach, judged by a sample; 0 where the sample is too small to tell.
    private static uint Guess(ReadOnlySpan<uint> bits, int count)
    {
        var stride = bits.Length / SampleCount;
        if (stride < 4)
        {
            return 0;
        }

        var sample = new uint[SampleCount];
        for (var i = 0; i < SampleCount; i++)
        {
            sample[i] = bits[i * stride] & Magnitude;
        }

        var expected = (double)count / stride;
        var rank = (int)(expected + (4 * Math.Sqrt(expected)) + 8);
        if (rank >= SampleCount)
        {
            return 0;
        }

        Array.Sort(sample);
        return sample[SampleCount - 1 - rank];
    }

    private static List<int> Above(ReadOnlySpan<uint> bits, uint least)
    {
        var ranges = new List<int>[Ranges.CountOf(bits.Length)];
        unsafe
        {
            fixed (uint* start = bits)
            {
                var address = (nint)start;
                Ranges.Run(bits.Length, (range, from, count) => ranges[range] = Above(new ReadOnlySpan<uint>((uint*)address + from, count), from, least));
            }
        }

        var all = new List<int>(ranges.Sum(range => range.Count));
        foreach (var range in ranges)
        {
            all.AddRange(range);
        }

        return all;
    }

    private static List<int> Above(ReadOnlySpan<uint> bits, int offset, uint least)
    {
        var found = new List<int>(bits.Length / 64);
        ref var source = ref MemoryMarshal.GetReference(bits);

        // Without their sign bits magnitudes order like signed numbers, which every instruction set compares.
        var (mask, below) = (Vector256.Create(Magnitude), Vector256.Create((int)least - 1));
        var i = 0;
        for (; i <= bits.Length - 16; i += 16)
        {
            var first = Vector256.GreaterThan((Vector256.LoadUnsafe(ref source, (nuint)i) & mask).AsInt32(), below);
            var second = Vector256.GreaterThan((Vector256.LoadUnsafe(ref source, (nuint)i + 8) & mask).AsInt32(), below);
            if ((first | second) == Vector256<int>.Zero)
            {
                continue;
            }

            for (var hits = first.ExtractMostSignificantBits() | (second.ExtractMostSignificantBits() << 8); hits != 0; hits &= hits - 1)
            {
                found.Add(offset + i + System.Numerics.BitOperations.TrailingZeroCount(hits));
            }
        }

        for (; i < bits.Length; i++)
        {
            if ((bits[i] & Magnitude) >= least)
            {
                found.Add(offset + i);
            }
        }

        return found;
    }

    private static int[] Largest(ReadOnlySpan<uint> bits, ReadOnlySpan<int> candidates, int count)
    {
        var magnitudes = new uint[candidates.Length];
        for (var i = 0; i < candidates.Length; i++)
        {
            magnitudes[i] = bits[candidates[i]] & Magnitude;
        }

        var threshold = Ranked(magnitudes, count);
        var ties = count;
        foreach (var magnitude in magnitudes)
        {
            ties -= magnitude > threshold ? 1 : 0;
        }

        var chosen = new int[count];
        var at = 0;
        for (var i = 0; i < candidates.Length && at < count; i++)
        {
            if (magnitudes[i] > threshold || (magnitudes[i] == threshold && ties-- > 0))
            {
                chosen[at++] = candidates[i];
            }
        }

        return chosen;
    }

    /// <summary>The count-th largest value, by its digits of 8 bits from the highest on (radix selection).</summary>
    private static uint Ranked(ReadOnlySpan<uint> values, int count)
    {
        Span<int> histogram = stackalloc int[256];
        var (prefix, known) = (0u, 0u);
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            histogram.Clear();
            foreach (var value in values)
            {
                if ((value & known) == prefix)
                {
                    histogram[(int)(value >> shift) & 0xFF]++;
                }
            }

            var digit = 255;
            for (; count > histogram[digit]; digit--)
            {
                count -= histogram[digit];
            }

            prefix |= (uint)digit << shift;
            known |= 0xFFu << shift;
        }

        return prefix;
    }
}
