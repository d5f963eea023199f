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

    /// <summary>Writes and keeps a change in place of the former one. The body may be a view of <paramref name="change"/>, which must not change while it is used.</summary>
    public async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)> KeepAsync(int round, UpdateHead head, ParameterSet change, List<WorkerVerdict>? report, CancellationToken cancellationToken)
    {
        var (body, kept) = await WriteAsync(round, head, change, report, cancellationToken);
        return (await kept, body);
    }

    /// <summary>As <see cref="KeepAsync"/>, with the body at hand while it is still being kept: it may be on its way meanwhile, but nobody may have all of it before it is.</summary>
    public async Task<(ReadOnlySequence<byte> Body, Task<OutboxEntry> Kept)> WriteAsync(int round, UpdateHead head, ParameterSet change, List<WorkerVerdict>? report, CancellationToken cancellationToken)
    {
        if (!codec.KeepsError)
        {
            var body = ModelWriter.Encode(codec, change);
            return (body, Task.Run(() => outbox.SaveAsync(round, head, body, report, null, cancellationToken), CancellationToken.None));
        }

        var before = await ErrorBeforeAsync(head.Run, round, cancellationToken);
        var error = await ReadAsync(before, change.Layout, cancellationToken);
        ParameterMath.AddScaled(change.Values, 1, error.Values);
        var output = new ArrayBufferWriter<byte>();
        codec.EncodeKeepingError(change.Layout, error.Values, output);

        var written = new ReadOnlySequence<byte>(output.WrittenMemory);
        return (written, Task.Run(SaveAsync, CancellationToken.None));

        async Task<OutboxEntry> SaveAsync()
        {
            // An update that is not finite will be refused; its error would make all that follow so too.
            var isSound = float.IsFinite(ParameterMath.LargestMagnitude(error.Values));
            var after = isSound ? await state.BlobsOf(owner).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, error), cancellationToken) : before;
            CrashPoint.Reach("error-kept");
            return await outbox.SaveAsync(round, head, written, report, new(before, after), cancellationToken);
        }
    }

    private async Task<string?> ErrorBeforeAsync(string run, int round, CancellationToken cancellationToken) =>
        await outbox.LastAsync(cancellationToken) is { Error: { } error } last && last.Head.Run == run ? last.Round < round ? error.After : error.Before : null;

    // Without its file a worker starts from no error, as it did in the first round: that costs a little accuracy, once.
    private async Task<ParameterSet> ReadAsync(string? blob, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var error = new ParameterSet(layout);
        if (blob is not null && await state.BlobsOf(owner).ReadAsync(blob, cancellationToken) is { } bytes)
        {
            UpdateCodec.Plain.Decode(new ReadOnlySequence<byte>(bytes), layout, error.Values);
        }

        return error;
    }
}
