using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Jobs;

/// <summary>A store that ends its user at a chosen commit, before it or after it, as a kill would.</summary>
internal sealed class StoppingStore : IStateStore
{
    private readonly MemoryStateStore inner = new();
    private int commits;

    /// <summary>Which commit is the last; null for none.</summary>
    public int? StopAt { get; set; }

    /// <summary>Whether that one still becomes durable.</summary>
    public bool IsAfter { get; set; }

    public int Commits => commits;

    public IBlobStore BlobsOf(WorkerId worker) => inner.BlobsOf(worker);

    public ValueTask<byte[]?> ReadAsync(string collection, string key, CancellationToken cancellationToken) => inner.ReadAsync(collection, key, cancellationToken);

    public ValueTask<IReadOnlyList<KeyValuePair<string, byte[]>>> ListAsync(string collection, CancellationToken cancellationToken) => inner.ListAsync(collection, cancellationToken);

    public async ValueTask CommitAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken)
    {
        var isStop = ++commits == StopAt;
        if (!isStop || IsAfter)
        {
            await inner.CommitAsync(changes, cancellationToken);
        }

        if (isStop)
        {
            throw new StateException("stopped here");
        }
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
