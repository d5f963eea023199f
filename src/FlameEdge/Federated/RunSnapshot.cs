using System.Buffers.Binary;
using System.Text.Json;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>A top aggregator's last committed round as one piece of content, so that it can go on elsewhere: its checkpoint, the record of its rounds, its model.</summary>
public static class RunSnapshot
{
    private const int PrefixBytes = 4;
    private const int LargestHead = 256 << 20;

    /// <summary>The newest committed round of <paramref name="worker"/>, or null where it has none.</summary>
    public static async Task<byte[]?> TakeAsync(IStateStore state, WorkerId worker, CancellationToken cancellationToken)
    {
        var own = (await state.ListAsync(Checkpoints.Collection, cancellationToken)).Where(entry => IsOf(worker, entry.Key)).OrderByDescending(entry => entry.Key, StringComparer.Ordinal);
        foreach (var (key, json) in own)
        {
            var checkpoint = FederatedJson.Read(json, FederatedJson.Default.Checkpoint);
            if (await state.BlobsOf(worker).ReadAsync(checkpoint.Blob, cancellationToken) is not { } model)
            {
                continue;
            }

            var rounds = (await state.ListAsync(Checkpoints.RoundsCollection, cancellationToken))
                .Where(entry => IsOf(worker, entry.Key) && string.CompareOrdinal(entry.Key, key) <= 0)
                .ToDictionary(entry => entry.Key, entry => JsonDocument.Parse(entry.Value).RootElement);
            var held = checkpoint.Held is { } blob ? await state.BlobsOf(worker).ReadAsync(blob, cancellationToken) : null;
            var selection = await ReadAsync(Selection.CohortSelection.Collection);
            var head = FederatedJson.Write(new SnapshotHead(worker.Value, key, JsonDocument.Parse(json).RootElement, rounds, held is null ? null : model.Length, selection, await ReadAsync(Sampling.CohortSampling.Collection)), FederatedJson.Default.SnapshotHead);
            var content = new byte[PrefixBytes + head.Length + model.Length + (held?.Length ?? 0)];
            BinaryPrimitives.WriteInt32LittleEndian(content, head.Length);
            head.CopyTo(content.AsSpan(PrefixBytes));
            model.CopyTo(content.AsSpan(PrefixBytes + head.Length));
            held?.CopyTo(content.AsSpan(PrefixBytes + head.Length + model.Length));
            return content;
        }

        return null;

        async Task<JsonElement?> ReadAsync(string collection) =>
            await state.ReadAsync(collection, worker.Value, cancellationToken) is { } json ? JsonDocument.Parse(json).RootElement : null;
    }

    /// <summary>Puts a snapshot into the state a worker is about to start from. A state that is further already stays as it is.</summary>
    /// <exception cref="PayloadException">It is none, or another worker's.</exception>
    public static async Task PutAsync(IStateStore state, WorkerId worker, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var (head, model, held) = Read(worker, content);
        var checkpoint = FederatedJson.Read(JsonSerializer.SerializeToUtf8Bytes(head.Checkpoint, FederatedJson.Default.JsonElement), FederatedJson.Default.Checkpoint);
        var own = (await state.ListAsync(Checkpoints.Collection, cancellationToken)).Where(entry => IsOf(worker, entry.Key)).Select(entry => FederatedJson.Read(entry.Value, FederatedJson.Default.Checkpoint)).ToList();
        if (own.Exists(known => known.Run == checkpoint.Run && known.Round >= checkpoint.Round))
        {
            return;
        }

        var blob = await state.BlobsOf(worker).PutAsync(new(model), cancellationToken);
        if (blob != checkpoint.Blob || (!held.IsEmpty && await state.BlobsOf(worker).PutAsync(new(held), cancellationToken) != checkpoint.Held))
        {
            throw new PayloadException($"the checkpoint handed to {worker} names another model than it carries");
        }

        List<StateChange> changes = [.. head.Rounds.Select(round => new StateChange(Checkpoints.RoundsCollection, round.Key, JsonSerializer.SerializeToUtf8Bytes(round.Value, FederatedJson.Default.JsonElement), IsManifest: true))];
        changes.Add(new StateChange(Checkpoints.Collection, head.Key, JsonSerializer.SerializeToUtf8Bytes(head.Checkpoint, FederatedJson.Default.JsonElement), IsManifest: true));
        Add(Selection.CohortSelection.Collection, head.Selection);
        Add(Sampling.CohortSampling.Collection, head.Sampling);

        await state.CommitAsync(changes, cancellationToken);

        void Add(string collection, JsonElement? known)
        {
            if (known is { } json)
            {
                changes.Add(new StateChange(collection, worker.Value, JsonSerializer.SerializeToUtf8Bytes(json, FederatedJson.Default.JsonElement), IsManifest: true));
            }
        }
    }

    /// <summary>The model of a snapshot, in the float32 format of <see cref="Parameters.Codecs.UpdateCodec.Plain"/>.</summary>
    /// <exception cref="PayloadException">It is no snapshot.</exception>
    public static ReadOnlyMemory<byte> ModelOf(ReadOnlyMemory<byte> content) => Split(content, "the tool").Model;

    /// <summary>Where a snapshot stands: the run and its last committed round.</summary>
    /// <exception cref="PayloadException">It is none, or another worker's.</exception>
    public static (string Run, int Round) StandingOf(WorkerId worker, ReadOnlyMemory<byte> content)
    {
        var checkpoint = FederatedJson.Read(JsonSerializer.SerializeToUtf8Bytes(Read(worker, content).Head.Checkpoint, FederatedJson.Default.JsonElement), FederatedJson.Default.Checkpoint);
        return (checkpoint.Run, checkpoint.Round);
    }

    private static (SnapshotHead Head, ReadOnlyMemory<byte> Model, ReadOnlyMemory<byte> Held) Read(WorkerId worker, ReadOnlyMemory<byte> content)
    {
        var (head, model, held) = Split(content, worker.Value);
        return head.Worker == worker.Value && IsOf(worker, head.Key) && head.Rounds.Keys.All(key => IsOf(worker, key))
            ? (head, model, held)
            : throw new PayloadException($"the checkpoint handed to {worker} is {head.Worker}'s");
    }

    private static (SnapshotHead Head, ReadOnlyMemory<byte> Model, ReadOnlyMemory<byte> Held) Split(ReadOnlyMemory<byte> content, string reader)
    {
        var length = content.Length < PrefixBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(content.Span);
        if (length is <= 0 or > LargestHead || length > content.Length - PrefixBytes)
        {
            throw new PayloadException($"what {reader} was handed is no checkpoint");
        }

        var head = FederatedJson.Read(content.Slice(PrefixBytes, length).Span, FederatedJson.Default.SnapshotHead);
        var rest = content[(PrefixBytes + length)..];
        return head.ModelBytes is not { } model ? (head, rest, default)
            : model >= 0 && model <= rest.Length ? (head, rest[..model], rest[model..])
            : throw new PayloadException($"what {reader} was handed is no whole checkpoint");
    }

    private static bool IsOf(WorkerId worker, string key) => key.StartsWith($"{worker}.", StringComparison.Ordinal) && !key.Contains('/', StringComparison.Ordinal);
}

/// <summary>The documents of a snapshot.</summary>
/// <param name="Worker">Whose it is.</param>
/// <param name="Key">The checkpoint's key.</param>
/// <param name="Checkpoint">Where it stands.</param>
/// <param name="Rounds">The records up to there.</param>
/// <param name="ModelBytes">Length of the model, where what the workers below hold follows it; null where the model is the rest.</param>
/// <param name="Selection">What it knows of its workers and whom it chose last; null where everybody takes part.</param>
/// <param name="Sampling">Threshold and deadline of its sampler; null without one.</param>
internal sealed record SnapshotHead(string Worker, string Key, JsonElement Checkpoint, IReadOnlyDictionary<string, JsonElement> Rounds, int? ModelBytes = null, JsonElement? Selection = null, JsonElement? Sampling = null);
