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
            return codec.IsExact ? OutgoingModel.Complete(hash, Encode(UpdateCodec.Plain, model))
                : !codec.IsDelta ? Rounded(model)
                : Held is null ? First(model, hash)
                : Changed(model, Held);
        }
        catch (PayloadException error)
        {
            throw new JobFailedException($"the model cannot go down in codec {codec.Name}: {error.Message}. Choose bfloat16 or float32 for this channel.");
        }
    }

    /// <summary>The payload of <paramref name="values"/>: a view of them where the codec leaves them as they are, so they must not change while it is used.</summary>
    public static ReadOnlySequence<byte> Encode(UpdateCodec codec, ParameterSet values)
    {
        if (codec.IsExact && ParameterBytes.IsPossible)
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
        var body = Encode(codec, model);
        var received = new ParameterSet(model.Layout);
        codec.Decode(body, model.Layout, received.Values);
        return OutgoingModel.Complete(received.ContentHash(), body);
    }

    private OutgoingModel First(ParameterSet model, string hash)
    {
        (Held, heldHash) = (model.Clone(), hash);
        return OutgoingModel.Complete(heldHash, Encode(UpdateCodec.Plain, model));
    }

    private OutgoingModel Changed(ParameterSet model, ParameterSet held)
    {
        var change = new ParameterSet(model.Layout);
        ParameterMath.Delta(held.Values, model.Values, change.Values);
        var body = Encode(codec, change);
        var against = heldHash;
        codec.DecodeAndAdd(body, model.Layout, held.Values);
        heldHash = held.ContentHash();
        return new OutgoingModel(heldHash, against, body, new Lazy<ReadOnlySequence<byte>>(() => Encode(UpdateCodec.Plain, held.Clone())));
    }
}
