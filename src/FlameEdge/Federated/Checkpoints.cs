using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>Where the top aggregator stands.</summary>
internal sealed record Checkpoint
{
    /// <summary>This run's name; a resumed run keeps it.</summary>
    public required string Run { get; init; }

    /// <summary>The last durable round; 0 for the initial model.</summary>
    public required int Round { get; init; }

    /// <summary>The blob of the model after it, in the float32 format.</summary>
    public required string Blob { get; init; }

    /// <summary>The blob of what the workers below hold, where models go down as changes; null elsewhere.</summary>
    public string? Held { get; init; }

    /// <summary>Samples every known worker of the cohort announced, so that the step of the next sum does not depend on who is back.</summary>
    public required Dictionary<string, long> Samples { get; init; }

    /// <summary>The last update of each worker that was counted, in an asynchronous job; null elsewhere.</summary>
    public Dictionary<string, long>? Taken { get; init; }

    /// <summary>Rounds in a row without quorum.</summary>
    public int Failures { get; init; }
}

/// <summary>A run as its newest whole checkpoint has it.</summary>
internal sealed record StoredRun(Checkpoint Checkpoint, ParameterSet Model, ParameterSet? Held, List<RoundResult> Rounds);

/// <summary>
/// The aggregator's durable history: a checkpoint and a record per round. The checkpoint before the last one is kept too: if the newest model's
/// file is lost the run goes on from there.
/// </summary>
internal sealed class Checkpoints(IStateStore state, WorkerId owner)
{
    public const string Collection = "checkpoints";
    public const string RoundsCollection = "rounds";
    private const int Kept = 2;

    /// <summary>The newest checkpoint whose model is whole, with its values and the rounds up to it; null where there is none.</summary>
    /// <param name="layout">Of what a checkpoint keeps.</param>
    /// <param name="held">Of what the workers below hold.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<StoredRun?> LoadAsync(ParameterLayout layout, ParameterLayout held, CancellationToken cancellationToken)
    {
        var found = new List<Checkpoint>();
        foreach (var (key, json) in await state.ListAsync(Collection, cancellationToken))
        {
            if (key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                found.Add(FederatedJson.Read(json, FederatedJson.Default.Checkpoint));
            }
        }

        foreach (var checkpoint in found.OrderByDescending(checkpoint => checkpoint.Round))
        {
            if (await ReadAsync(checkpoint.Blob, layout) is { } model)
            {
                // Without the file of what they hold, the workers are sent the whole model once more.
                var beneath = checkpoint.Held is { } blob ? await ReadAsync(blob, held) : null;
                return new(checkpoint, model, beneath, await RoundsAsync(checkpoint.Round, cancellationToken));
            }
        }

        return found.Count == 0 ? null : throw new StateException("no checkpoint's model file is whole any more; start again without --resume in another --out folder");

        async Task<ParameterSet?> ReadAsync(string blob, ParameterLayout layout)
        {
            using var content = await state.BlobsOf(owner).OpenAsync(blob, cancellationToken);
            if (content is null)
            {
                return null;
            }

            var values = new ParameterSet(layout);
            UpdateCodec.Plain.Decode(content.Bytes, layout, values.Values);
            return values;
        }
    }

    /// <summary>Makes a round durable: model, record and checkpoint, together with <paramref name="also"/>.</summary>
    public async Task SaveAsync(Checkpoint checkpoint, RoundResult? round, IEnumerable<StateChange> also, CancellationToken cancellationToken)
    {
        var changes = new List<StateChange>(also)
        {
            new(Collection, KeyOf(checkpoint.Round), FederatedJson.Write(checkpoint, FederatedJson.Default.Checkpoint), IsManifest: true),
        };
        if (round is not null)
        {
            changes.Add(new(RoundsCollection, KeyOf(round.Round), FederatedJson.Write(round, FederatedJson.Default.RoundResult), IsManifest: true));
        }

        if (checkpoint.Round >= Kept)
        {
            changes.Add(new(Collection, KeyOf(checkpoint.Round - Kept), null, IsManifest: true));
        }

        await state.CommitAsync(changes, cancellationToken);
        CrashPoint.Reach("round-committed");
        await BlobSweep.RunAsync(state, owner, cancellationToken);
    }

    /// <summary>The changes that put the history of another member in place of this one's, which stood at <paramref name="former"/>; to be saved with its checkpoint and the last of <paramref name="rounds"/>.</summary>
    public IEnumerable<StateChange> Replace(int former, IReadOnlyList<RoundResult> rounds) =>
    [
        .. Enumerable.Range(0, Kept).Select(back => former - back).Where(round => round >= 0 && round != rounds.Count).Select(round => new StateChange(Collection, KeyOf(round), null, IsManifest: true)),
        .. rounds.SkipLast(1).Select(round => new StateChange(RoundsCollection, KeyOf(round.Round), FederatedJson.Write(round, FederatedJson.Default.RoundResult), IsManifest: true)),
    ];

    private string Prefix => $"{owner}.";

    private async Task<List<RoundResult>> RoundsAsync(int upTo, CancellationToken cancellationToken)
    {
        var rounds = new List<RoundResult>();
        foreach (var (key, json) in await state.ListAsync(RoundsCollection, cancellationToken))
        {
            if (key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                rounds.Add(FederatedJson.Read(json, FederatedJson.Default.RoundResult));
            }
        }

        return [.. rounds.Where(round => round.Round <= upTo).OrderBy(round => round.Round)];
    }

    private string KeyOf(int round) => $"{Prefix}{round:D8}";
}
