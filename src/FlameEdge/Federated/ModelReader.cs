using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Federated;

/// <summary>The lower end of a channel's way down: what <see cref="ModelWriter"/> wrote, to the bit.</summary>
internal sealed class ModelReader(UpdateCodec codec)
{
    private string heldHash = string.Empty;

    /// <summary>The last model that was read, where models come as changes.</summary>
    public ParameterSet? Held { get; private set; }

    /// <summary>The layout of a model that this worker has no engine for; null where it comes as a change and this worker holds none.</summary>
    /// <exception cref="PayloadException">The body is no model.</exception>
    public ParameterLayout? LayoutOf(ModelHead head, ReadOnlySequence<byte> body) =>
        codec.IsDelta && head.Against is not null ? Held?.Layout : (codec.IsDelta ? UpdateCodec.Plain : codec).LayoutOf(body);

    /// <summary>Reads a model into <paramref name="values"/>; false where it is a change of one this worker does not hold, and it must ask for the whole.</summary>
    /// <exception cref="PayloadException">The body is no model, or not the one its head names.</exception>
    /// <exception cref="ModelMismatchException">It is another job's.</exception>
    public bool TryRead(ModelHead head, ReadOnlySequence<byte> body, ParameterLayout layout, Span<float> values)
    {
        if (!codec.IsDelta)
        {
            codec.Decode(body, layout, values);
            return true;
        }

        if (head.Against is null)
        {
            UpdateCodec.Plain.Decode(body, layout, values);
            Hold(head, new ParameterSet(layout, values.ToArray()));
            return true;
        }

        // A repeated request may find its change applied already.
        if (Held is not { } held || (heldHash != head.Base && heldHash != head.Against))
        {
            return false;
        }

        if (heldHash != head.Base)
        {
            // What is half added is no version of anything: it is held again only when its hash is right.
            Held = null;
            codec.DecodeAndAdd(body, layout, held.Values);
            Hold(head, held);
        }

        held.Values.CopyTo(values);
        return true;
    }

    private void Hold(ModelHead head, ParameterSet held)
    {
        var hash = held.ContentHash();
        if (hash != head.Base)
        {
            throw new PayloadException($"the model read is {hash[..12]}, its head says {head.Base[..Math.Min(12, head.Base.Length)]}");
        }

        (Held, heldHash) = (held, hash);
    }
}
