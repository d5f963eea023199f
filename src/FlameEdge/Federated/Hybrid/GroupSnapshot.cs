using System.Buffers;
using System.Buffers.Binary;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Federated.Hybrid;

/// <summary>A holding and its values on the way to another member: the length of the JSON (four bytes, little-endian), the JSON, the values in the float32 format.</summary>
internal static class GroupSnapshot
{
    private const int PrefixBytes = 4;

    // A verdict takes some two hundred bytes, so this is a group far larger than a ring can be.
    private const int LargestHead = 16 << 20;

    /// <summary>A copy: the values go on while it travels.</summary>
    public static ReadOnlySequence<byte> Write(GroupHolding holding, ParameterSet values)
    {
        var head = FederatedJson.Write(holding with { Blob = null }, HybridJson.Default.GroupHolding);
        var content = new ArrayBufferWriter<byte>();
        BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(PrefixBytes), head.Length);
        content.Advance(PrefixBytes);
        content.Write(head);
        UpdateCodec.Plain.Encode(values.Layout, values.Values, content);
        return new(content.WrittenMemory);
    }

    /// <exception cref="PayloadException">It is none, or not what its head says.</exception>
    public static (GroupHolding Holding, ParameterSet Values) Read(ReadOnlySequence<byte> snapshot, ParameterLayout layout)
    {
        var length = ReadLength(snapshot);
        var holding = FederatedJson.Read(snapshot.Slice(PrefixBytes, length).ToArray(), HybridJson.Default.GroupHolding);
        var values = new ParameterSet(layout);
        try
        {
            UpdateCodec.Plain.Decode(snapshot.Slice(PrefixBytes + length), layout, values.Values);
        }
        catch (ModelMismatchException error)
        {
            throw new PayloadException(error.Message, error);
        }

        var isWhole = holding.Part is { } part ? holding.Report is not null && part.Run == holding.Terms.Run && part.Base == holding.Terms.Base && part.Samples > 0 : values.ContentHash() == holding.Terms.Base;
        return isWhole && float.IsFinite(ParameterMath.LargestMagnitude(values.Values)) ? (holding, values) : throw new PayloadException($"what was handed over is not what its group has of round {holding.Round}");
    }

    private static int ReadLength(ReadOnlySequence<byte> snapshot)
    {
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        if (snapshot.Length >= PrefixBytes)
        {
            snapshot.Slice(0, PrefixBytes).CopyTo(prefix);
            if (BinaryPrimitives.ReadInt32LittleEndian(prefix) is > 0 and <= LargestHead and var length && length <= snapshot.Length - PrefixBytes)
            {
                return length;
            }
        }

        throw new PayloadException("what was handed over is nothing a group holds");
    }
}
