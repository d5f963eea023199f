using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Federated.Aggregation.Robust;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// Between two tiers: hands the model down to its group and the group's mean, with its sample count, up. Needs no model library.
/// Steps: <c>initialize &gt;&gt; gather &gt;&gt; (fetch &gt;&gt; aggregate &gt;&gt; upload)* &gt;&gt; finish</c>.
/// </summary>
public sealed class MiddleAggregator(RoleContext context) : TierAggregator(context)
{
    // What is left of the upper deadline after this share is for the way up.
    private const double ShareOfDeadline = 0.8;
    private RoundCollector? collector;
    private SecureCollector? secure;
    private IReadOnlyList<WorkerId> cohort = [];

    private protected override int HearerCount => cohort.Count;

    // A robust rule may need more than the job's quorum.
    private int QuorumOf(CollectedRound collected) => Math.Max(MinimumAfter(collected.Hostile), Rounds.QuorumOf(collected.Expected));

    private int MinimumAfter(int refused) => Algorithms.Robust(Context.Job.Robust, refused)?.MinimumCount ?? 1;

    private protected override void Open(CancellationToken cancellationToken)
    {
        collector = new RoundCollector(Context, Inbox);
        secure = SecureCollector.For(Context, Inbox, collector);
        cohort = collector.Cohort;
    }

    private protected override ValueTask CloseAsync() => collector?.DisposeAsync() ?? ValueTask.CompletedTask;

    private protected override async Task<long> GatherGroupAsync(CancellationToken cancellationToken)
    {
        await Lower.JoinAsync(new PeerCard(0), cancellationToken);
        await collector!.WaitForCohortAsync(Rounds.Deadline, Rounds.Patience, cancellationToken);
        return collector.Samples.Values.Sum();
    }

    private protected override Task OpenGroupAsync(CancellationToken cancellationToken) => collector!.OpenAsync(cancellationToken);

    private protected override void Hear(int round, VerdictHead verdict) => collector!.PassOn(round, verdict);

    private protected override async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)?> CollectAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        var (round, head) = (request.Round, request.Head);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(Feed.Superseded, cancellationToken);
        cohort = collector!.Cohort;
        var layout = Reader.LayoutOf(head, request.Arrived.Message.Body);
        if (layout is null || HandDown(head, request.Arrived.Message.Body, layout) is not { } model)
        {
            Feed.Finish(request);
            await Sender.AskAsync(request.From, round, Feed.Superseded, cancellationToken);
            return null;
        }

        var terms = new RoundTerms(head.Run, round, model.Base, StepOf(head), head.Ticket, head.Plan);
        var deadline = (TimeSpan.FromSeconds(Math.Clamp(head.RemainingSeconds, 0, Rounds.Deadline.TotalSeconds)) - Context.Time.GetElapsedTime(request.ArrivedAt)) * ShareOfDeadline;
        var collected = secure is not null ? await secure.CollectAsync(terms, model, layout, deadline, both.Token) : await collector.CollectAsync(terms, model, layout, deadline, MinimumAfter(0), both.Token);
        cohort = collected.Cohort;
        return await KeepAsync(collected, head.Base, deadline, layout, cancellationToken);
    }

    // An asynchronous top sums nothing and announces no weights: the group has a fixed point of its own.
    private SumStep StepOf(ModelHead head) =>
        head.Ticket == 0 ? head.Step : collector!.StepFor(cohort.Count, head.LargestValue);

    // With one codec above and below it hands on what came, so that both tiers hold the same; else it reads the model and writes it anew.
    private OutgoingModel? HandDown(ModelHead head, ReadOnlySequence<byte> body, ParameterLayout layout)
    {
        var (above, below) = (Context.DownCodecOf(Upper), Context.DownCodecOf(Lower));
        if (above.Name == below.Name && !above.IsDelta)
        {
            return OutgoingModel.Complete(head.Base, new(body.ToArray()));
        }

        if (Reader.TryRead(head, body, layout) is not { } model)
        {
            return null;
        }

        return above.Name == below.Name
            ? new(head.Base, head.Against, new(body.ToArray()), new Lazy<ReadOnlySequence<byte>>(() => ModelWriter.Encode(UpdateCodec.Plain, model)))
            : new ModelWriter(below).Next(model.Clone(), model.ContentHash());
    }

    private async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)> KeepAsync(CollectedRound collected, string upperBase, TimeSpan deadline, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var verdicts = collected.Verdicts(Inbox.Present.Keys.ToHashSet(), deadline);
        var quorum = Context.Replay is { } script ? cohort.Count(script.Counted(collected.Terms.Round).Contains) : QuorumOf(collected);
        var isValid = collected.Counted.Count >= quorum && collected.Counted.Count > 0;
        var head = new UpdateHead
        {
            Run = collected.Terms.Run,
            Base = upperBase,
            Ticket = collected.Terms.Ticket,
            Plan = collected.Terms.Plan,
            Samples = isValid ? collected.Samples : 0,
            Loss = collected.TrainingLoss,
            SquaredLoss = collected.SquaredLoss,
            HasReport = true,
        };
        CrashPoint.Reach("middle-aggregated");
        await Context.State.CommitAsync([.. collector!.Learn(collected)], cancellationToken);
        var kept = isValid
            ? await Writer.KeepAsync(collected.Terms.Round, head, await MeanAsync(collected, layout, cancellationToken), verdicts, cancellationToken)
            : (await Outbox.SaveAsync(collected.Terms.Round, head, default, verdicts, null, [], cancellationToken), default);
        CrashPoint.Reach("middle-kept");
        await Context.State.CommitAsync([.. collector.Forget(collected)], cancellationToken);
        return kept;
    }

    private async Task<ParameterSet> MeanAsync(CollectedRound collected, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var mean = new float[layout.Length];
        if (Algorithms.Robust(Context.Job.Robust, collected.Hostile) is not { } rule)
        {
            collected.Sum!.Mean(mean);
        }
        else
        {
            await new UpdateRows(Context.State, Context.Worker.Id, Context.UpCodecOf(Lower)).AggregateAsync(rule, collected, layout, mean, cancellationToken);
        }

        return new ParameterSet(layout, mean);
    }
}
