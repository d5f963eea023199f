using FlameEdge.Diagnostics;

namespace FlameEdge.Parameters.Codecs;

/// <summary>How a run of values stands in a payload. Stateless; safe to share.</summary>
/// <remarks>
/// A value that is not finite is written as one: it is the reader that refuses a payload, with its reason, so that an update of a training that diverged is
/// judged like any other.
/// </remarks>
public abstract class ValueFormat
{
    /// <summary>The name a job gives it.</summary>
    public abstract string Name { get; }

    /// <summary>The low byte of the payload's codec number.</summary>
    public abstract byte Id { get; }

    /// <summary>Values that share a scale and can only be read together; 1 where each stands for itself.</summary>
    public virtual int Block => 1;

    /// <summary>Bytes of <paramref name="count"/> values.</summary>
    public abstract long BytesOf(int count);

    /// <summary>Writes values; <paramref name="bytes"/> has exactly their size. All but the last call of a run write whole blocks.</summary>
    public abstract void Write(ReadOnlySpan<float> values, Span<byte> bytes);

    /// <summary>Reads as many values as <paramref name="buffer"/> holds, into it or, where the bytes are the values, in place.</summary>
    /// <exception cref="PayloadException">The bytes are not what <see cref="Write"/> writes.</exception>
    public abstract ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, Span<float> buffer);

    /// <summary>Adds values to as many in <paramref name="target"/>, each sum rounded once, and returns the largest magnitude of the sums; <paramref name="buffer"/> has room for them.</summary>
    /// <exception cref="PayloadException">The bytes are not what <see cref="Write"/> writes.</exception>
    public virtual float AddTo(ReadOnlySpan<byte> bytes, Span<float> target, Span<float> buffer) => ParameterMath.AddAndMeasure(Read(bytes, buffer[..target.Length]), target);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
