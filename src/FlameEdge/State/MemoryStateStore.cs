using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using FlameEdge.Topology;

namespace FlameEdge.State;

/// <summary>State that lives as long as the object: for tests, and for runs that need no resume.</summary>
public sealed class MemoryStateStore : IStateStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<(string Collection, string Key), byte[]> documents = [];
    private readonly ConcurrentDictionary<WorkerId, MemoryBlobStore> blobs = new();

    /// <inheritdoc/>
    public IBlobStore BlobsOf(WorkerId worker) => blobs.GetOrAdd(worker, _ => new MemoryBlobStore());

    /// <inheritdoc/>
    public ValueTask<byte[]?> ReadAsync(string collection, string key, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return new(documents.GetValueOrDefault((collection, key)));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<KeyValuePair<string, byte[]>>> ListAsync(string collection, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return new([.. documents.Where(pair => pair.Key.Collection == collection).Select(pair => KeyValuePair.Create(pair.Key.Key, pair.Value))]);
        }
    }

    /// <inheritdoc/>
    public ValueTask CommitAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            foreach (var change in changes)
            {
                if (change.Document is { } document)
                {
                    documents[(change.Collection, change.Key)] = document.ToArray();
                }
                else
                {
                    documents.Remove((change.Collection, change.Key));
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class MemoryBlobStore : IBlobStore
    {
        private readonly ConcurrentDictionary<string, byte[]> blobs = new(StringComparer.Ordinal);

        public ValueTask<string> PutAsync(ReadOnlySequence<byte> content, CancellationToken cancellationToken)
        {
            var bytes = content.ToArray();
            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
            blobs[hash] = bytes;
            return new(hash);
        }

        public ValueTask<byte[]?> ReadAsync(string hash, CancellationToken cancellationToken) => new(blobs.GetValueOrDefault(hash));

        public ValueTask DeleteAsync(string hash, CancellationToken cancellationToken)
        {
            blobs.TryRemove(hash, out _);
            return ValueTask.CompletedTask;
        }

        public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) => new([.. blobs.Keys]);
    }
}
