using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated;

/// <summary>What becomes of an update that came in: refused in one line, or stored and folded into its round. Each is durable before it is acknowledged.</summary>
internal sealed partial class UpdateIntake(RoleContext context, IChannel channel)
{
    private readonly WorkerId self = context.Worker.Id;
    private readonly UpdateCodec codec = context.UpCodecOf(channel);
    private readonly UpdateGuard guard = new(context.Job.Privacy);
    private readonly UpdateStore store = new(context.State, context.Worker.Id);
    private readonly Dictionary<WorkerId, List<WorkerVerdict>> reports = [];

    /// <summary>The changes that forget a round's updates.</summary>
    public IEnumerable<StateChange> Forget(CollectedRound round) => store.Forget(round.Counted);

    /// <summary>Folds what was stored before this process began.</summary>
    public Task FoldStoredAsync(CollectedRound round, ParameterLayout layout, HashSet<WorkerId> required, CancellationToken cancellationToken) =>
        store.LoadAsync(update => update.Run == round.Terms.Run && update.Round == round.Terms.Round && update.Base == round.Terms.Base && update.Plan == round.Terms.Plan, (update, body) =>
        {
            var member = new WorkerId(update.Member);
            if (required.Contains(member) && guard.Fold(codec, body, layout, update.Samples, round.Sum!) == SumRefusal.None)
            {
                round.Count(member, update, body.Length);
            }
        }, cancellationToken);

    /// <summary>Folds an update, unless it has no place in the round; says which.</summary>
    /// <param name="round">The round.</param>
    /// <param name="layout">Of the model.</param>
    /// <param name="required">Who is to take part.</param>
    /// <param name="arrived">The update.</param>
    /// <param name="modelBytes">Bytes of the model it answers.</param>
    /// <param name="sinceSent">Since a sampler's model went out to its sender; null without one.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<VerdictHead> JudgeAsync(CollectedRound round, ParameterLayout layout, HashSet<WorkerId> required, MessageArrived arrived, long modelBytes, TimeSpan? sinceSent, CancellationToken cancellationToken)
    {
        var worker = arrived.Worker;
        if (arrived.Message.Round != round.Terms.Round)
        {
            return new VerdictHead("late", $"round {arrived.Message.Round} is over");
        }

        if (round.IsCounted(worker))
        {
            return new VerdictHead("already counted", null);
        }

        if (round.RefusalOf(worker) is { } former)
        {
            return new VerdictHead("refused", former);
        }

        try
        {
            return await FoldAsync(round, layout, required, arrived, modelBytes, sinceSent, cancellationToken);
        }
        catch (Exception error) when (error is PayloadException or ModelMismatchException)
        {
            return Refuse(round, worker, error.Message, isHostile: true);
        }
    }

    /// <summary>Remembers what a member reports on those below it until its update comes.</summary>
    public void KeepReport(MessageArrived arrived)
    {
        try
        {
            reports[arrived.Worker] = FederatedJson.Read(arrived.Message.Body.ToArray(), FederatedJson.Default.ListWorkerVerdict);
        }
        catch (PayloadException error)
        {
            LogRefused(context.Logger, self, arrived.Message.Round, arrived.Worker, error.Message);
        }
    }

    private async Task<VerdictHead> FoldAsync(CollectedRound round, ParameterLayout layout, HashSet<WorkerId> required, MessageArrived arrived, long modelBytes, TimeSpan? sinceSent, CancellationToken cancellationToken)
    {
        var worker = arrived.Worker;
        var head = FederatedJson.Read(arrived.Message.Head.Span, FederatedJson.Default.UpdateHead);
        if (head.Run != round.Terms.Run || head.Base != round.Terms.Base || head.Ticket != round.Terms.Ticket || head.Plan != round.Terms.Plan)
        {
            return new VerdictHead("late", "it starts from another model, or under another plan");
        }

        reports.Remove(worker, out var report);
        if (head is { Samples: <= 0, HasReport: true } && report is not { Count: > 0 } && round.Replicas?.Has(worker) == true)
        {
            round.Abstain(worker);
            return new VerdictHead("abstained", null);
        }

        if (head.Samples <= 0)
        {
            return Refuse(round, worker, head.HasReport ? ReplayScript.NoQuorumBelow : "an update needs at least one sample", isHostile: !head.HasReport);
        }

        if (!required.Contains(worker))
        {
            return Refuse(round, worker, context.Replay is null ? "it was not selected for this round" : "not counted in the run that is replayed");
        }

        if (round.Groups.HasRings && !round.Groups.Accounts(worker, report, head.Samples))
        {
            return Refuse(round, worker, $"an update of a group comes with a report that accounts for its {head.Samples} samples", isHostile: true);
        }

        switch (guard.Fold(codec, arrived.Message.Body, layout, head.Samples, round.Sum!))
        {
            case SumRefusal.ValueOutOfRange:
                return Refuse(round, worker, $"out of range: a value is larger than rounds.largestValue ({round.Terms.Step.LargestValue})", isHostile: true);
            case SumRefusal.WeightOutOfRange:
                return Refuse(round, worker, $"out of range: {head.Samples} samples exceed what the round was announced for", isHostile: true);
        }

        var update = new StoredUpdate
        {
            Member = worker.Value,
            Round = round.Terms.Round,
            Run = head.Run,
            Base = head.Base,
            Samples = head.Samples,
            Loss = head.Loss is { } loss && double.IsFinite(loss) ? loss : null,
            SquaredLoss = head.SquaredLoss is { } squared && double.IsFinite(squared) && squared >= 0 ? squared : null,
            Sampled = sinceSent is not null && head.Sampled is { IsSound: true } sampled ? sampled : null,
            Effort = (round.Choice?.SinceSent(worker) ?? sinceSent) is { } since ? new(since.TotalSeconds, modelBytes + arrived.Message.Body.Length, head.Trained ?? 0) : null,
            Plan = head.Plan,
            Blob = await store.SaveBodyAsync(arrived.Message.Body, cancellationToken),
            Report = head.HasReport ? report : null,
        };
        CrashPoint.Reach("update-blob-stored");
        await store.SaveAsync(update, cancellationToken);
        CrashPoint.Reach("update-stored");
        round.Count(worker, update, arrived.Message.Body.Length);
        return new VerdictHead("counted", null) { OnTheWay = sinceSent is null ? null : update.Effort?.OnTheWay };
    }

    private VerdictHead Refuse(CollectedRound round, WorkerId worker, string reason, bool isHostile = false)
    {
        round.Refuse(worker, reason, isHostile);
        LogRefused(context.Logger, self, round.Terms.Round, worker, reason);
        return new VerdictHead("refused", reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Self} refused round {Round} of {Worker}: {Reason}")]
    private static partial void LogRefused(ILogger logger, WorkerId self, int round, WorkerId worker, string reason);
}
