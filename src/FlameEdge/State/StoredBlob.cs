using System.Buffers;

namespace FlameEdge.State;

/// <summary>Content of a blob store that is read in place.</summary>
public sealed class StoredBlob(ReadOnlySequence<byte> content, IDisposable? holder = null) : IDisposable
{
    /// <summary>All of it, valid until this is disposed. Not compared with its name: that would read it twice.</summary>
    public ReadOnlySequence<byte> Content { get; } = content;

    /// <inheritdoc/>
    public void Dispose() => holder?.Dispose();
}
