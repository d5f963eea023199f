using System.Buffers;

namespace FlameEdge.Federated;

/// <summary>A model on its way down, in the channel's codec.</summary>
/// <param name="Base">SHA-256 of the values that whoever reads it holds then: what updates start from.</param>
/// <param name="Against">SHA-256 of the model the body is a change of; null where the body is the whole model.</param>
/// <param name="Body">What is broadcast.</param>
/// <param name="Whole">The same model for those who do not hold <paramref name="Against"/>.</param>
internal sealed record OutgoingModel(string Base, string? Against, ReadOnlySequence<byte> Body, Lazy<ReadOnlySequence<byte>> Whole)
{
    /// <summary>The body is the model's own memory, which must not change while somebody may still be sent it.</summary>
    public bool IsView { get; init; }

    /// <summary>What must be durable before anybody below has the model: the round before, whose end its arrival announces.</summary>
    public Task Until { get; init; } = Task.CompletedTask;

    /// <summary>A model whose body says everything.</summary>
    public static OutgoingModel Complete(string hash, ReadOnlySequence<byte> body) => new(hash, null, body, new Lazy<ReadOnlySequence<byte>>(body));
}
