using System.Numerics;

namespace FlameEdge.Channels.Transfer;

/// <summary>A set of chunk indices out of a fixed number.</summary>
internal sealed class ChunkMap(int size)
{
    private readonly ulong[] words = new ulong[(size + 63) / 64];

    /// <summary>How many chunks there are.</summary>
    public int Size { get; } = size;

    /// <summary>How many of them are in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Whether <paramref name="index"/> is in the set.</summary>
    public bool Has(int index) => (words[index >> 6] & (1UL << index)) != 0;

    /// <summary>Puts <paramref name="index"/> in; false if it was there.</summary>
    public bool Add(int index)
    {
        if (Has(index))
        {
            return false;
        }

        words[index >> 6] |= 1UL << index;
        Count++;
        return true;
    }

    /// <summary>Takes <paramref name="index"/> out; false if it was not there.</summary>
    public bool Remove(int index)
    {
        if (!Has(index))
        {
            return false;
        }

        words[index >> 6] &= ~(1UL << index);
        Count--;
        return true;
    }

    /// <summary>Takes everything out.</summary>
    public void Clear()
    {
        Array.Clear(words);
        Count = 0;
    }

    /// <summary>The lowest index in the set from <paramref name="start"/> on; -1 where there is none.</summary>
    public int NextFrom(int start)
    {
        for (var word = start >> 6; word < words.Length; word++)
        {
            var bits = word == start >> 6 ? words[word] & (ulong.MaxValue << start) : words[word];
            if (bits != 0)
            {
                return (word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }

        return -1;
    }
}
