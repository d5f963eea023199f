using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;

namespace FlameEdge.Federated;

/// <summary>
/// The upper end of a channel's way down. Whatever a codec loses, both ends agree to the bit on what is held below: the writer decodes what it wrote. The model
/// itself stays as precise as it was, so that changes too small for the codec add up instead of being lost again in every round.
/// </summary>
internal sealed class ModelWriter(UpdateCodec codec)
{
    private string heldHash = string.Empty;
    private ArrayBufferWriter<byte>? latest;
    private ArrayBufferWriter<byte>? former;

    /// <summary>What everybody below holds, where models go down as changes; null elsewhere, and before the first. It is part of a checkpoint.</summary>
    public ParameterSet? Held { get; private set; }

    /// <summary>Goes on where a checkpoint stands.</summary>
    public void Resume(ParameterSet held) => (Held, heldHash) = (held, held.ContentHash());

    /// <summary>The next model to send, whose values have the SHA-256 <paramref name="hash"/>.</summary>
    /// <exception cref="JobFailedException">The codec cannot carry it.</exception>
    public OutgoingModel Next(ParameterSet model, string hash)
    {
        try
        {
            return codec.IsExact ? OutgoingModel.Complete(hash, Encode(UpdateCodec.Plain, model)) with { IsView = true }
                : !codec.IsDelta ? Rounded(model)
                : Held is null ? First(model, hash)
                : Changed(model, Held);
        }
        catch (PayloadException error)
        {
            throw new JobFailedException($"the model cannot go down in codec {codec.Name}: {error.Message}. Choose bfloat16 or float32 for this channel.");
        }
    }

    /// <summary>The payload of <paramref name="values"/> in an exact codec: a view of them where memory has the order of the wire, so they must not change while it is used.</summary>
    public static ReadOnlySequence<byte> Encode(UpdateCodec codec, ParameterSet values)
    {
        if (ParameterBytes.IsPossible)
        {
            var header = new ArrayBufferWriter<byte>(PayloadHeader.Bytes);
            new PayloadHeader(codec.Number, values.Layout.Signature, (ulong)values.Layout.Length).Write(header);
            return ParameterBytes.After(header.WrittenMemory, values);
        }

        var output = new ArrayBufferWriter<byte>(checked((int)codec.LargestBytesOf(values.Layout.Length)));
        codec.Encode(values.Layout, values.Values, output);
        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }

    private OutgoingModel Rounded(ParameterSet model)
    {
        var body = Write(model.Layout.Length, output => codec.Encode(model.Layout, model.Values, output));
        return OutgoingModel.Complete(codec.HashOfDecoded(body, model.Layout), body);
    }

    // What is held, not the model: the aggregator may go on with the model at once. Who has not all of it when the next version goes out asks for that one.
    private OutgoingModel First(ParameterSet model, string hash)
    {
        (Held, heldHash) = (model.Clone(), hash);
        return OutgoingModel.Complete(heldHash, Encode(UpdateCodec.Plain, Held));
    }

    private OutgoingModel Changed(ParameterSet model, ParameterSet held)
    {
        var body = Write(model.Layout.Length, output => codec.EncodeChange(model.Layout, held.Values, model.Values, output));
        var against = heldHash;
        heldHash = held.ContentHash();
        return new OutgoingModel(heldHash, against, body, new Lazy<ReadOnlySequence<byte>>(() => Encode(UpdateCodec.Plain, held.Clone())));
    }

    // Two buffers in turn: the body before may still be on its way to somebody, the one before that is on nobody's.
    private ReadOnlySequence<byte> Write(int length, Action<IBufferWriter<byte>> write)
    {
        (latest, former) = (former ?? new ArrayBufferWriter<byte>(checked((int)codec.LargestBytesOf(length))), latest);
        latest.ResetWrittenCount();
        write(latest);
        return new ReadOnlySequence<byte>(latest.WrittenMemory);
    }
}
