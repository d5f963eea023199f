using System.Buffers;

namespace FlameEdge.Parameters;

/// <summary>How parameters are written for the wire. Stateless; safe to share.</summary>
public interface IUpdateCodec
{
    /// <summary>The name a job gives it.</summary>
    string Name { get; }

    /// <summary>Appends <paramref name="values"/> in this codec's format.</summary>
    void Encode(ParameterLayout layout, ReadOnlySpan<float> values, IBufferWriter<byte> output);

    /// <summary>Reads exactly one set of values; every value is finite.</summary>
    /// <exception cref="Diagnostics.PayloadException">The bytes are not such a set: foreign, truncated, too long, or not finite.</exception>
    /// <exception cref="Diagnostics.ModelMismatchException">They belong to a model of another layout.</exception>
    void Decode(ReadOnlySequence<byte> input, ParameterLayout layout, Span<float> values);
}
