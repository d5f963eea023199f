using System.Buffers;

namespace FlameEdge.State;

/// <summary>Large content named by its SHA-256; what is read is checked against its name.</summary>
public interface IBlobStore
{
    /// <summary>Stores content durably and returns its name: 64 hex digits.</summary>
    /// <exception cref="Diagnostics.StateException">The folder cannot be written.</exception>
    ValueTask<string> PutAsync(ReadOnlySequence<byte> content, CancellationToken cancellationToken);

    /// <summary>The content, or null where it is missing or does not match its name any more.</summary>
    ValueTask<byte[]?> ReadAsync(string hash, CancellationToken cancellationToken);

    /// <summary>The content as <see cref="ReadAsync"/> has it, but read from where it lies: of a large one no more than a part is in memory.</summary>
    async ValueTask<BlobContent?> OpenAsync(string hash, CancellationToken cancellationToken) =>
        await ReadAsync(hash, cancellationToken) is { } bytes ? new BlobContent(new ReadOnlySequence<byte>(bytes)) : null;

    /// <summary>Removes content; absent content is no error.</summary>
    ValueTask DeleteAsync(string hash, CancellationToken cancellationToken);

    /// <summary>Names of everything stored.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);
}
