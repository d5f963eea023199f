using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// The lower end of a channel's way up: writes a change in the channel's codec and keeps it. What the codec left out is kept with the update it belongs to, in one
/// commit, and goes into the next one; so a repeated round starts from the same error and gives the same bytes.
/// </summary>
internal sealed class UpdateWriter(UpdateCodec codec, IStateStore state, WorkerId owner)
{
    private readonly Outbox outbox = new(state, owner);
    private ArrayBufferWriter<byte>? output;

    /// <summary>Writes and keeps a change in place of the former one. The body may be a view of <paramref name="change"/>, which must not change while it is used; with an
    /// error to keep, what is left in <paramref name="change"/> is that error.</summary>
    public Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)> KeepAsync(int round, UpdateHead head, ParameterSet change, List<WorkerVerdict>? report, CancellationToken cancellationToken) =>
        KeepAsync(round, head, change, report, [], cancellationToken);

    /// <summary>The same, together with <paramref name="also"/>.</summary>
    public async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)> KeepAsync(int round, UpdateHead head, ParameterSet change, List<WorkerVerdict>? report, IReadOnlyList<StateChange> also, CancellationToken cancellationToken)
    {
        var (body, kept) = await WriteAsync(round, head, change, report, default, also, cancellationToken);
        return (await kept, body);
    }

    /// <summary>What this worker carried from round to round when <paramref name="round"/> began, as <see cref="WriteAsync"/> was given it; null for nothing yet.</summary>
    public async Task<byte[]?> CarriedAsync(string run, int round, int ticket, CancellationToken cancellationToken) =>
        await BeforeAsync(run, round, ticket, entry => entry.Carried, cancellationToken) is { } blob ? await state.BlobsOf(owner).ReadAsync(blob, cancellationToken) : null;

    /// <summary>What this worker carries after its last update of a run; null for nothing yet.</summary>
    public async Task<byte[]?> CarriedAsync(string run, CancellationToken cancellationToken) =>
        await outbox.LastAsync(cancellationToken) is { Carried.After: { } blob } last && last.Head.Run == run ? await state.BlobsOf(owner).ReadAsync(blob, cancellationToken) : null;

    /// <summary>As <c>KeepAsync</c>, with the body at hand while it is still being kept: it may be on its way meanwhile, but nobody may have all of it before it is.</summary>
    public async Task<(ReadOnlySequence<byte> Body, Task<OutboxEntry> Kept)> WriteAsync(int round, UpdateHead head, ParameterSet change, List<WorkerVerdict>? report, ReadOnlySequence<byte> carried, IReadOnlyList<StateChange> also, CancellationToken cancellationToken)
    {
        if (!codec.KeepsError)
        {
            var body = codec.IsExact ? ModelWriter.Encode(codec, change) : Write(change, output => codec.Encode(change.Layout, change.Values, output));
            return (body, Task.Run(async () => await outbox.SaveAsync(round, head, body, report, new(null, await CarryAsync()), also, cancellationToken), CancellationToken.None));
        }

        var before = await BeforeAsync(head.Run, round, head.Ticket, entry => entry.Error, cancellationToken);
        var isSound = await TryAddErrorAsync(before, change, cancellationToken);
        var written = Write(change, output => codec.EncodeKeepingError(change.Layout, change.Values, output));
        return (written, Task.Run(SaveAsync, CancellationToken.None));

        async Task<OutboxEntry> SaveAsync()
        {
            // What is left of the change is the error now.
            var after = isSound ? await state.BlobsOf(owner).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, change), cancellationToken) : before;
            CrashPoint.Reach("error-kept");
            return await outbox.SaveAsync(round, head, written, report, new(new(before, after), await CarryAsync()), also, cancellationToken);
        }

        async Task<CarriedBlobs?> CarryAsync() => carried.IsEmpty ? null
            : new(await BeforeAsync(head.Run, round, head.Ticket, entry => entry.Carried, cancellationToken), await state.BlobsOf(owner).PutAsync(carried, cancellationToken));
    }

    /// <summary>A piece of the last body may still be under way: the next is written elsewhere.</summary>
    public void Abandon() => output = null;

    // The last update is that of the round before, or of this one, made once already.
    private async Task<string?> BeforeAsync(string run, int round, int ticket, Func<OutboxEntry, CarriedBlobs?> of, CancellationToken cancellationToken) =>
        await outbox.LastAsync(cancellationToken) is { } last && last.Head.Run == run && of(last) is { } blobs
            ? last.Round < round || last.Head.Ticket < ticket ? blobs.After : blobs.Before
            : null;

    // An update that is not finite will be refused; its error would make all that follow so too. Without its file a worker starts from no error, as it did in the
    // first round: that costs a little accuracy, once.
    private async Task<bool> TryAddErrorAsync(string? blob, ParameterSet change, CancellationToken cancellationToken)
    {
        try
        {
            using var error = blob is null ? null : await state.BlobsOf(owner).OpenAsync(blob, cancellationToken);
            if (error is not null)
            {
                UpdateCodec.Plain.DecodeAndAdd(error.Bytes, change.Layout, change.Values);
            }

            return float.IsFinite(ParameterMath.LargestMagnitude(change.Values));
        }
        catch (PayloadException)
        {
            return false;
        }
    }

    private ReadOnlySequence<byte> Write(ParameterSet change, Action<IBufferWriter<byte>> write)
    {
        output ??= new ArrayBufferWriter<byte>(checked((int)codec.LargestBytesOf(change.Layout.Length)));
        output.ResetWrittenCount();
        write(output);
        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }
}
