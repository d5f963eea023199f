using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace FlameEdge.Models;

/// <summary>Local randomness: a repeated round of the same worker draws the same numbers.</summary>
public static class Seeds
{
    /// <summary>The seed of what <paramref name="worker"/> draws in <paramref name="round"/> of a job with <paramref name="jobSeed"/>.</summary>
    public static ulong Derive(ulong jobSeed, string worker, int round)
    {
        var hash = new XxHash3((long)jobSeed);
        hash.Append(Encoding.UTF8.GetBytes(worker));
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(number, round);
        hash.Append(number);
        return hash.GetCurrentHashAsUInt64();
    }
}
