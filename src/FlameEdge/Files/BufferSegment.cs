using System.Buffers;

namespace FlameEdge.Files;

/// <summary>A link of a sequence of buffers.</summary>
internal sealed class BufferSegment : ReadOnlySequenceSegment<byte>
{
    private BufferSegment(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    /// <summary><paramref name="first"/>, then <paramref name="rest"/>, without a copy.</summary>
    public static ReadOnlySequence<byte> Concat(ReadOnlyMemory<byte> first, ReadOnlySequence<byte> rest)
    {
        var parts = new List<ReadOnlyMemory<byte>> { first };
        foreach (var part in rest)
        {
            parts.Add(part);
        }

        return Join(parts);
    }

    /// <summary>The parts in order as one sequence.</summary>
    public static ReadOnlySequence<byte> Join(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        if (parts.Count == 0)
        {
            return ReadOnlySequence<byte>.Empty;
        }

        var head = new BufferSegment(parts[0], 0);
        var tail = head;
        for (var index = 1; index < parts.Count; index++)
        {
            var next = new BufferSegment(parts[index], tail.RunningIndex + tail.Memory.Length);
            tail.Next = next;
            tail = next;
        }

        return new ReadOnlySequence<byte>(head, 0, tail, tail.Memory.Length);
    }
}
