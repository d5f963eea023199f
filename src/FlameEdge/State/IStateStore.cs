using FlameEdge.Topology;

namespace FlameEdge.State;

/// <summary>
/// A worker's durable memory: small JSON documents, committed together or not at all, and large blobs beside them. What a call has completed survives
/// <c>kill -9</c> and power loss.
/// </summary>
/// <remarks>Thread-safe; one process at a time owns the folder.</remarks>
public interface IStateStore : IAsyncDisposable
{
    /// <summary>A worker's large content, named by its hash; each worker has its own, so that nobody clears away what another still needs.</summary>
    IBlobStore BlobsOf(WorkerId worker);

    /// <summary>The document, or null.</summary>
    ValueTask<byte[]?> ReadAsync(string collection, string key, CancellationToken cancellationToken);

    /// <summary>All documents of a collection, by key.</summary>
    ValueTask<IReadOnlyList<KeyValuePair<string, byte[]>>> ListAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Applies all changes or none; durable on completion.</summary>
    /// <exception cref="Diagnostics.StateException">The folder cannot be written; nothing was changed.</exception>
    ValueTask CommitAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken);
}

/// <summary>One change of a document.</summary>
/// <param name="Collection">Letters, digits and underscores.</param>
/// <param name="Key">Any text without a slash.</param>
/// <param name="Document">JSON, or null to delete.</param>
/// <param name="IsManifest">True for what a broken database must be rebuilt from: it is also kept as a file of its own.</param>
public sealed record StateChange(string Collection, string Key, ReadOnlyMemory<byte>? Document, bool IsManifest = false);
