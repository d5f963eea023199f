using System.Buffers;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>A worker's last update, kept until the aggregator shows that its round is over.</summary>
internal sealed record OutboxEntry
{
    public required int Round { get; init; }

    public required UpdateHead Head { get; init; }

    public required string Blob { get; init; }

    /// <summary>What the codec left out; null for one that keeps nothing.</summary>
    public CarriedBlobs? Error { get; init; }

    /// <summary>What the worker carries for the job's optimizer; null where it carries nothing.</summary>
    public CarriedBlobs? Carried { get; init; }

    public List<Rounds.WorkerVerdict>? Report { get; init; }
}

/// <summary>A vector that goes on from update to update: what this one started from, and what it left. Blobs in the float32 format, null for none.</summary>
internal sealed record CarriedBlobs(string? Before, string? After);

/// <summary>All that goes on from an update to the next one.</summary>
/// <param name="Error">What the codec left out.</param>
/// <param name="Carried">What the optimizer needs.</param>
internal sealed record Carry(CarriedBlobs? Error, CarriedBlobs? Carried);

/// <summary>The last update of a worker, durable before it is sent: a repeated request for it costs no training and gives the same bytes.</summary>
internal sealed class Outbox(IStateStore state, WorkerId owner)
{
    public const string Collection = "outbox";

    /// <summary>The kept update with its bytes, if it answers exactly this request.</summary>
    public async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)?> FindAsync(ModelHead request, int round, CancellationToken cancellationToken)
    {
        var entry = await LastAsync(cancellationToken);
        return entry is not null && entry.Round == round && entry.Head.Base == request.Base && entry.Head.Run == request.Run && entry.Head.Ticket == request.Ticket && entry.Head.Plan == request.Plan
            && await state.BlobsOf(owner).ReadAsync(entry.Blob, cancellationToken) is { } body ? (entry, new ReadOnlySequence<byte>(body)) : null;
    }

    /// <summary>The kept update, whatever it answers.</summary>
    public async Task<OutboxEntry?> LastAsync(CancellationToken cancellationToken) =>
        await state.ReadAsync(Collection, owner.Value, cancellationToken) is { } json ? FederatedJson.Read(json, FederatedJson.Default.OutboxEntry) : null;

    /// <summary>Keeps an update in place of the former one, together with <paramref name="also"/>.</summary>
    public async Task<OutboxEntry> SaveAsync(int round, UpdateHead head, ReadOnlySequence<byte> body, List<Rounds.WorkerVerdict>? report, Carry? carry, IReadOnlyList<StateChange> also, CancellationToken cancellationToken)
    {
        var blob = await state.BlobsOf(owner).PutAsync(body, cancellationToken);
        var entry = new OutboxEntry { Round = round, Head = head, Blob = blob, Error = carry?.Error, Carried = carry?.Carried, Report = report };
        await state.CommitAsync([new StateChange(Collection, owner.Value, FederatedJson.Write(entry, FederatedJson.Default.OutboxEntry)), .. also], cancellationToken);
        await BlobSweep.RunAsync(state, owner, cancellationToken);
        return entry;
    }
}
