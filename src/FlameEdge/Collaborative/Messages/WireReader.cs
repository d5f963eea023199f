using System.Buffers.Binary;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Messages;

/// <summary>Reads the small binary heads of a Canoe job, little-endian; whatever does not fit is refused before anything is allocated for it.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes, string what)
{
    private ReadOnlySpan<byte> rest = bytes;

    public byte Byte() => Take(1)[0];

    public ushort Short() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint Int() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong Long() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A number in [least, most].</summary>
    public float Number(float least, float most)
    {
        var value = BinaryPrimitives.ReadSingleLittleEndian(Take(4));
        return value >= least && value <= most ? value : throw Fault($"a number is not from {least} to {most}");
    }

    /// <summary>How many items of <paramref name="size"/> bytes follow, at most <paramref name="most"/>.</summary>
    public int Count(int most, int size)
    {
        int count = Byte();
        return count <= most && count * size <= rest.Length ? count : throw Fault($"{count} items cannot be");
    }

    /// <summary>The name of a worker.</summary>
    public string Worker()
    {
        var text = Take(Byte());
        foreach (var letter in text)
        {
            if (letter is not ((>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'_'))
            {
                throw Fault("a worker's name holds other characters than a-z, 0-9, - and _");
            }
        }

        return text.Length is > 0 and <= WorkerNameBytes ? Encoding.ASCII.GetString(text) : throw Fault("a worker's name is empty or too long");
    }

    /// <summary>Demands that nothing is left.</summary>
    public readonly void End()
    {
        if (rest.Length > 0)
        {
            throw Fault($"{rest.Length} bytes are left over");
        }
    }

    public readonly PayloadException Fault(string why) => new($"no {what}: {why}");

    // A role's name, an underscore and an index.
    private const int WorkerNameBytes = 48;

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > rest.Length)
        {
            throw Fault($"{length} bytes are needed where {rest.Length} are left");
        }

        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
