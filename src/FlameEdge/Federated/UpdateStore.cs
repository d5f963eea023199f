using System.Buffers;
using System.Text.Json.Serialization;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>An update an aggregator holds durably; its parameters are a blob.</summary>
internal sealed record StoredUpdate
{
    public required string Member { get; init; }

    public required int Round { get; init; }

    public required string Run { get; init; }

    public required string Base { get; init; }

    public required long Samples { get; init; }

    public double? Loss { get; init; }

    /// <summary>Which of its worker's updates it is, growing, in an asynchronous job; 0 elsewhere, where a worker has one a round.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Order { get; init; }

    /// <summary>Steps the model had made since the one it started from.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Staleness { get; init; }

    /// <summary>The coordinator's plan it was made under; 0 where nobody coordinates.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Plan { get; init; }

    public required string Blob { get; init; }

    /// <summary>Mean of the squared losses of its rows, as it said; null where it said none.</summary>
    public double? SquaredLoss { get; init; }

    /// <summary>The losses its sampler told; null without one.</summary>
    public Sampling.FedBalancerReport? Sampled { get; init; }

    /// <summary>What its part in the round took, where clients or their rows are chosen by it; null elsewhere.</summary>
    public Selection.Effort? Effort { get; init; }

    /// <summary>Verdicts of the workers below a middle aggregator, as it sent them.</summary>
    public List<Rounds.WorkerVerdict>? Report { get; init; }
}

/// <summary>
/// The updates of the open round, durable before they are acknowledged: after a crash they are folded again and only what is missing is asked for.
/// </summary>
internal sealed class UpdateStore(IStateStore state, WorkerId owner)
{
    public const string Collection = "updates";

    /// <summary>Tells updates that are wanted and whose bytes are still whole, one after the other; all others are forgotten.</summary>
    public async Task LoadAsync(Func<StoredUpdate, bool> isWanted, Action<StoredUpdate, ReadOnlySequence<byte>> take, CancellationToken cancellationToken)
    {
        var stale = new List<StateChange>();
        foreach (var (key, json) in await state.ListAsync(Collection, cancellationToken))
        {
            if (!key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            var update = FederatedJson.Read(json, FederatedJson.Default.StoredUpdate);
            using var body = isWanted(update) ? await state.BlobsOf(owner).OpenAsync(update.Blob, cancellationToken) : null;
            if (body is not null)
            {
                take(update, body.Bytes);
            }
            else
            {
                stale.Add(new StateChange(Collection, key, null));
            }
        }

        await state.CommitAsync(stale, cancellationToken);
    }

    public async Task<string> SaveBodyAsync(ReadOnlySequence<byte> body, CancellationToken cancellationToken) =>
        await state.BlobsOf(owner).PutAsync(body, cancellationToken);

    public async Task SaveAsync(StoredUpdate update, CancellationToken cancellationToken) =>
        await state.CommitAsync([new StateChange(Collection, KeyOf(update), FederatedJson.Write(update, FederatedJson.Default.StoredUpdate))], cancellationToken);

    /// <summary>The changes that forget a round's updates, to be committed with what replaces them.</summary>
    public IEnumerable<StateChange> Forget(IEnumerable<StoredUpdate> updates) => updates.Select(update => new StateChange(Collection, KeyOf(update), null));

    private string Prefix => $"{owner}.";

    private string KeyOf(StoredUpdate update) => update.Order == 0 ? $"{Prefix}{update.Member}" : $"{Prefix}{update.Member}.{update.Order:D19}";
}
