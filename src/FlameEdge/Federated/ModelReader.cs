using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Federated;

/// <summary>The lower end of a channel's way down: what <see cref="ModelWriter"/> wrote, to the bit.</summary>
internal sealed class ModelReader(UpdateCodec codec)
{
    private string heldHash = string.Empty;
    private ParameterSet? held;
    private ParameterSet? room;

    /// <summary>The layout of a model that this worker has no engine for; null where it comes as a change and this worker holds none.</summary>
    /// <exception cref="PayloadException">The body is no model.</exception>
    public ParameterLayout? LayoutOf(ModelHead head, ReadOnlySequence<byte> body) =>
        codec.IsDelta && head.Against is not null ? held?.Layout : (codec.IsDelta ? UpdateCodec.Plain : codec).LayoutOf(body);

    /// <summary>Reads a model, which is the caller's to read until the next one; null where it is a change of one this worker does not hold, and it must ask for the whole.</summary>
    /// <exception cref="PayloadException">The body is no model, or not the one its head names.</exception>
    /// <exception cref="ModelMismatchException">It is another job's.</exception>
    public ParameterSet? TryRead(ModelHead head, ReadOnlySequence<byte> body, ParameterLayout layout)
    {
        if (!codec.IsDelta)
        {
            return Decode(codec, body, layout);
        }

        if (head.Against is null)
        {
            var whole = Decode(UpdateCodec.Plain, body, layout);
            return Hold(head, whole);
        }

        // A repeated request may find its change applied already.
        if (held is null || (heldHash != head.Base && heldHash != head.Against))
        {
            return null;
        }

        if (heldHash == head.Base)
        {
            return held;
        }

        // What is half added is no version of anything: it is held again only when its hash is right.
        (var changed, held) = (held, null);
        codec.DecodeAndAdd(body, layout, changed.Values);
        return Hold(head, changed);
    }

    private ParameterSet Decode(UpdateCodec from, ReadOnlySequence<byte> body, ParameterLayout layout)
    {
        held = null;
        if (room?.Layout.Signature != layout.Signature)
        {
            room = new ParameterSet(layout);
        }

        from.Decode(body, layout, room.Values);
        return room;
    }

    private ParameterSet Hold(ModelHead head, ParameterSet read)
    {
        var hash = read.ContentHash();
        if (hash != head.Base)
        {
            throw new PayloadException($"the model read is {hash[..12]}, its head says {head.Base[..Math.Min(12, head.Base.Length)]}");
        }

        (held, heldHash) = (read, hash);
        return read;
    }
}
