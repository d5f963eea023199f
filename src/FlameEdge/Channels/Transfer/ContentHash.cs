using System.Buffers;
using System.IO.Hashing;

namespace FlameEdge.Channels.Transfer;

/// <summary>What identifies a message's content end to end.</summary>
internal static class ContentHash
{
    /// <summary>XXH128 of head, then body.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> head, ReadOnlySequence<byte> body)
    {
        var hash = new XxHash128();
        hash.Append(head);
        foreach (var part in body)
        {
            hash.Append(part.Span);
        }

        return hash.GetCurrentHashAsUInt128();
    }
}
