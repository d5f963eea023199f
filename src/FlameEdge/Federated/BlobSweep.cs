using FlameEdge.Federated.Hybrid;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>Clears away a worker's blobs that no document names: former updates and models, and what a crash left.</summary>
internal static class BlobSweep
{
    public static async Task RunAsync(IStateStore state, WorkerId owner, CancellationToken cancellationToken)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, json) in await state.ListAsync(Checkpoints.Collection, cancellationToken))
        {
            Note(key, () =>
            {
                var checkpoint = FederatedJson.Read(json, FederatedJson.Default.Checkpoint);
                return [checkpoint.Blob, checkpoint.Held];
            });
        }

        foreach (var (key, json) in await state.ListAsync(UpdateStore.Collection, cancellationToken))
        {
            Note(key, () => [FederatedJson.Read(json, FederatedJson.Default.StoredUpdate).Blob]);
        }

        if (await state.ReadAsync(Outbox.Collection, owner.Value, cancellationToken) is { } entry)
        {
            var last = FederatedJson.Read(entry, FederatedJson.Default.OutboxEntry);
            named.UnionWith(new[] { last.Blob, last.Error?.Before, last.Error?.After, last.Carried?.Before, last.Carried?.After }.OfType<string>());
        }

        if (await state.ReadAsync(GroupHolding.Collection, owner.Value, cancellationToken) is { } held)
        {
            named.UnionWith(new[] { FederatedJson.Read(held, HybridJson.Default.GroupHolding).Blob }.OfType<string>());
        }

        var blobs = state.BlobsOf(owner);
        foreach (var blob in await blobs.ListAsync(cancellationToken))
        {
            if (!named.Contains(blob))
            {
                await blobs.DeleteAsync(blob, cancellationToken);
            }
        }

        void Note(string key, Func<string?[]> blobs)
        {
            if (key.StartsWith($"{owner}.", StringComparison.Ordinal))
            {
                named.UnionWith(blobs().OfType<string>());
            }
        }
    }
}
