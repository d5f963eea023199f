using System.Buffers;
using System.Runtime.InteropServices;
using FlameEdge.Parameters;

namespace FlameEdge.Federated;

/// <summary>The values of a parameter set as little-endian bytes where they lie: a model that is sent as it is needs no copy of itself.</summary>
internal sealed class ParameterBytes : MemoryManager<byte>
{
    // A span counts bytes in 31 bits.
    private const int PartLength = 1 << 28;

    private readonly ReadOnlyMemory<float> values;

    private ParameterBytes(ReadOnlyMemory<float> values) => this.values = values;

    /// <summary>True where memory has the order of the wire.</summary>
    public static bool IsPossible => BitConverter.IsLittleEndian;

    /// <summary><paramref name="head"/>, then the values; they must stay as they are for as long as the bytes are used.</summary>
    public static ReadOnlySequence<byte> After(ReadOnlyMemory<byte> head, ParameterSet set)
    {
        var parts = new List<ReadOnlyMemory<byte>> { head };
        for (var start = 0; start < set.Memory.Length; start += PartLength)
        {
            parts.Add(new ParameterBytes(set.Memory.Slice(start, Math.Min(PartLength, set.Memory.Length - start))).Memory);
        }

        return Files.BufferSegment.Join(parts);
    }

    public override Span<byte> GetSpan()
    {
        var bytes = MemoryMarshal.AsBytes(values.Span);
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(bytes), bytes.Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        var pinned = values.Pin();
        unsafe
        {
            return new MemoryHandle((byte*)pinned.Pointer + elementIndex, default, new Unpinning(pinned));
        }
    }

    public override void Unpin()
    {
        // The handle does it.
    }

    protected override void Dispose(bool disposing)
    {
        // The array is its set's.
    }

    private sealed class Unpinning(MemoryHandle pinned) : IPinnable
    {
        public MemoryHandle Pin(int elementIndex) => throw new NotSupportedException();

        public void Unpin() => pinned.Dispose();
    }
}
