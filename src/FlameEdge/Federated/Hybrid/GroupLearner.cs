using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Ring;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.State;
using FlameEdge.Tasklets;

namespace FlameEdge.Federated.Hybrid;

/// <summary>
/// What a group with an aggregator above it agrees about: the model of a round, then the mean of its members' changes. Every member keeps the mean, so whoever leads can send it up.
/// </summary>
internal sealed class GroupLearner : ILedWork, IAsyncDisposable
{
    // What is left of the aggregator's deadline after this share is for the way up.
    private const double ShareOfDeadline = 0.8;
    private readonly RoleContext context;
    private readonly LocalTraining training;
    private readonly GroupUplink uplink;
    private GroupHolding? holding;
    private ParameterSet values;

    private GroupLearner(RoleContext context, LocalTraining training, GroupUplink uplink)
    {
        (this.context, this.training, this.uplink) = (context, training, uplink);
        values = new ParameterSet(training.Layout);
    }

    /// <inheritdoc/>
    public RingStanding Standing => holding?.Standing ?? new(string.Empty, 0, string.Empty);

    /// <inheritdoc/>
    public int Length => training.Layout.Length;

    /// <inheritdoc/>
    public bool CanTrain => holding is { Part: null };

    /// <inheritdoc/>
    public TimeSpan Deadline => holding is null ? context.Job.Rounds.Deadline
        : TimeSpan.FromSeconds(Math.Clamp(holding.Terms.RemainingSeconds, 0, context.Job.Rounds.Deadline.TotalSeconds)) * ShareOfDeadline;

    /// <inheritdoc/>
    public bool IsLed => uplink.IsJoined;

    /// <inheritdoc/>
    public EndHead? End => uplink.End;

    /// <inheritdoc/>
    public Task? News => uplink.News;

    /// <summary>How much this member's change counts.</summary>
    public long Samples => training.Samples;

    /// <summary>Loads what it learns from, and what its group had done when this member was last there.</summary>
    /// <exception cref="TopologyException">The job asks for what a ring cannot do.</exception>
    public static async Task<GroupLearner> OpenAsync(RoleContext context, IChannel upper, CancellationToken cancellationToken)
    {
        var learner = new GroupLearner(context, await LocalTraining.OpenAsync(context, cancellationToken), new GroupUplink(context, upper));
        await learner.ResumeAsync(cancellationToken);
        return learner;
    }

    /// <inheritdoc/>
    public Task<RingChange> TrainAsync(CancellationToken cancellationToken) => training.TrainAsync(values, holding!.Round, cancellationToken); // not null: it can train.

    /// <inheritdoc/>
    public ReadOnlySequence<byte> Snapshot() => holding is null ? default : GroupSnapshot.Write(holding, values);

    /// <inheritdoc/>
    public async Task AdoptAsync(RingStanding standing, ReadOnlySequence<byte> snapshot, CancellationToken cancellationToken)
    {
        var (taken, of) = GroupSnapshot.Read(snapshot, training.Layout);
        if (taken.Standing != standing)
        {
            throw new PayloadException($"what was handed over is not what its sender stands on after {standing.Round} steps");
        }

        await StandAsync(taken, of, cancellationToken);
        CrashPoint.Reach("group-adopted");
    }

    /// <inheritdoc/>
    public async Task LeadAsync(long? samples, CancellationToken cancellationToken)
    {
        if (samples is null)
        {
            await LeaveAsync(cancellationToken);
            return;
        }

        if (!uplink.IsJoined)
        {
            await uplink.JoinAsync(samples.Value, cancellationToken);
        }

        if (await uplink.LookAsync() is not { } request)
        {
            return;
        }

        if (holding?.Answers(request) != true)
        {
            await TakeAsync(request, cancellationToken);
        }
        else if (holding is { Part: { } part, Report: { } report })
        {
            uplink.Send(part, values, report);
        }
    }

    /// <inheritdoc/>
    public async Task<(string Hash, byte[] Body)> AgreeAsync(RingOutcome outcome, CancellationToken cancellationToken)
    {
        var terms = holding!.Terms; // not null: the sum is of changes of its model.
        var head = new UpdateHead { Run = terms.Run, Base = terms.Base, Ticket = terms.Ticket, Samples = outcome.Attempt.Total, Loss = outcome.Loss, HasReport = true };
        var part = new GroupPart(head, [.. outcome.Verdicts]);
        await DoneAsync(outcome, part, cancellationToken);
        return (Standing.Base, FederatedJson.Write(part, HybridJson.Default.GroupPart));
    }

    /// <inheritdoc/>
    public async Task FollowAsync(RingOutcome outcome, string hash, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        var part = FederatedJson.Read(body.ToArray(), HybridJson.Default.GroupPart);
        var terms = holding!.Terms; // not null: the sum is of changes of its model.
        if (hash != outcome.Attempt.Hash() || part.Head.Run != terms.Run || part.Head.Base != terms.Base || part.Head.Ticket != terms.Ticket || part.Head.Samples != outcome.Attempt.Total)
        {
            throw new PayloadException($"{outcome.Attempt.Coordinator} makes another part of round {holding.Round} of the sum than {context.Worker.Id}");
        }

        await DoneAsync(outcome, part, cancellationToken);
    }

    /// <summary>Leaves the channel above.</summary>
    public Task LeaveAsync(CancellationToken cancellationToken) => uplink.IsJoined ? uplink.LeaveAsync(cancellationToken) : Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await uplink.DisposeAsync();
        training.Dispose();
    }

    private async Task TakeAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        if (await uplink.ReadAsync(training.Layout, cancellationToken) is not { } model)
        {
            return;
        }

        var terms = request.Head with { Against = null };
        var name = $"{request.Round}.{terms.Ticket}.{terms.Base}";
        await StandAsync(new() { Standing = new(terms.Run, Standing.Round + 1, name), Round = request.Round, Terms = terms }, model, cancellationToken);
        CrashPoint.Reach("group-model");
    }

    private Task DoneAsync(RingOutcome outcome, GroupPart part, CancellationToken cancellationToken) => StandAsync(
        holding! with { Standing = Standing with { Round = outcome.Round, Base = outcome.Attempt.Hash() }, Part = part.Head, Report = part.Report }, // not null: it was summed.
        new ParameterSet(training.Layout, outcome.Attempt.Mean.ToArray()),
        cancellationToken);

    // A model is had again from any member, or from above; what a group has come to must outlive its members.
    private async Task StandAsync(GroupHolding next, ParameterSet of, CancellationToken cancellationToken)
    {
        if (next.Part is not null)
        {
            next = next with { Blob = await context.State.BlobsOf(context.Worker.Id).PutAsync(ModelWriter.Encode(UpdateCodec.Plain, of), cancellationToken) };
            CrashPoint.Reach("group-stored");
            await context.State.CommitAsync([new StateChange(GroupHolding.Collection, context.Worker.Id.Value, FederatedJson.Write(next, HybridJson.Default.GroupHolding))], cancellationToken);
            await BlobSweep.RunAsync(context.State, context.Worker.Id, cancellationToken);
        }

        (holding, values) = (next, of);
    }

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        if (await context.State.ReadAsync(GroupHolding.Collection, context.Worker.Id.Value, cancellationToken) is not { } json)
        {
            return;
        }

        var kept = FederatedJson.Read(json, HybridJson.Default.GroupHolding);
        using var content = kept.Blob is { } blob ? await context.State.BlobsOf(context.Worker.Id).OpenAsync(blob, cancellationToken) : null;
        if (content is not null)
        {
            UpdateCodec.Plain.Decode(content.Bytes, training.Layout, values.Values);
            holding = kept;
            context.Observer.Say(context.Worker.Id, $"resuming after its group's part in round {kept.Round}");
        }
    }
}
