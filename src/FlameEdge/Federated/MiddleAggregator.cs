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
public sealed class MiddleAggregator(RoleContext context) : IRole
{
    // What is left of the upper deadline after this share is for the way up.
    private const double ShareOfDeadline = 0.8;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly Outbox outbox = new(context.State, context.Worker.Id);
    private IChannel? lower;
    private IChannel? upper;
    private ChannelInbox? inbox;
    private RoundCollector? collector;
    private SecureCollector? secure;
    private ModelFeed? feed;
    private ModelReader? reader;
    private UpdateWriter? writer;
    private UpdateSender? sender;
    private IReadOnlyList<WorkerId> cohort = [];
    private ModelRequest? request;
    private OutboxEntry? entry;
    private ReadOnlySequence<byte> body;

    private RoundSpec Rounds => context.Job.Rounds;

    // A robust rule may need more than the job's quorum.
    private int QuorumOf(CollectedRound collected) => Math.Max(MinimumAfter(collected.Hostile), Rounds.QuorumOf(collected.Expected));

    private int MinimumAfter(int refused) => Algorithms.Robust(context.Job.Robust, refused)?.MinimumCount ?? 1;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> new Tasklet("gather", GatherAsync)
        >> Loop.Until(() => feed?.End is not null, new Tasklet("fetch", FetchAsync) >> new Tasklet("aggregate", AggregateAsync) >> new Tasklet("upload", UploadAsync))
        >> new Tasklet("finish", FinishAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (feed is not null)
        {
            await feed.DisposeAsync();
        }

        if (collector is not null)
        {
            await collector.DisposeAsync();
        }

        if (inbox is not null)
        {
            await inbox.DisposeAsync();
        }
    }

    private Task InitializeAsync(CancellationToken cancellationToken)
    {
        lower = context.ChannelOf(FunctionTags.Distribute);
        upper = context.ChannelOf(FunctionTags.Fetch);
        inbox = new ChannelInbox(lower, context.Time);
        collector = new RoundCollector(context, inbox);
        secure = SecureCollector.For(context, inbox, collector);
        cohort = collector.Cohort;
        feed = new ModelFeed(upper, context.Time, (_, round, verdict) => collector.PassOn(round, verdict));
        reader = new ModelReader(context.DownCodecOf(upper));
        writer = new UpdateWriter(context.UpCodecOf(upper), context.State, context.Worker.Id);
        sender = new UpdateSender(context, upper);
        return Task.CompletedTask;
    }

    // It presents itself above when its group stands, with the group's samples: so the top knows the weights before the first round.
    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        await lower!.JoinAsync(new PeerCard(0), cancellationToken);
        await collector!.WaitForCohortAsync(Rounds.Deadline, Rounds.Patience, cancellationToken);
        await upper!.JoinAsync(new PeerCard(collector.Samples.Values.Sum()), cancellationToken);
    }

    private async Task<Flow> FetchAsync(CancellationToken cancellationToken)
    {
        request = await feed!.NextAsync(Rounds.Patience, (Rounds.Deadline * 2) + Rounds.Patience, cancellationToken);
        return request is null ? Flow.Leave : Flow.Next;
    }

    private async Task<Flow> AggregateAsync(CancellationToken cancellationToken)
    {
        var (round, head) = (request!.Round, request.Head);
        if (await outbox.FindAsync(head, round, cancellationToken) is { } kept)
        {
            (entry, body) = (kept.Entry, kept.Body);
            return Flow.Next;
        }

        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(feed!.Superseded, cancellationToken);
            cohort = collector!.Cohort;
            var layout = reader!.LayoutOf(head, request.Arrived.Message.Body);
            if (layout is null || HandDown(head, request.Arrived.Message.Body, layout) is not { } model)
            {
                feed.Finish(request);
                await sender!.AskAsync(request.From, round, feed.Superseded, cancellationToken);
                return Flow.Again;
            }

            var terms = new RoundTerms(head.Run, round, model.Base, StepOf(head), head.Ticket, head.Plan);
            var deadline = (TimeSpan.FromSeconds(Math.Clamp(head.RemainingSeconds, 0, Rounds.Deadline.TotalSeconds)) - context.Time.GetElapsedTime(request.ArrivedAt)) * ShareOfDeadline;
            var collected = secure is not null ? await secure.CollectAsync(terms, model, layout, deadline, both.Token) : await collector.CollectAsync(terms, model, layout, deadline, MinimumAfter(0), both.Token);
            cohort = collected.Cohort;
            await KeepAsync(collected, head.Base, deadline, layout, cancellationToken);
            return Flow.Next;
        }
        catch (Exception error) when (error is PayloadException or ModelMismatchException)
        {
            return Flow.Again;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Flow.Again;
        }
    }

    // An asynchronous top sums nothing and announces no weights: the group has a fixed point of its own.
    private SumStep StepOf(ModelHead head) =>
        head.Ticket == 0 ? head.Step : collector!.StepFor(cohort.Count, head.LargestValue);

    // With one codec above and below it hands on what came, so that both tiers hold the same; else it reads the model and writes it anew.
    private OutgoingModel? HandDown(ModelHead head, ReadOnlySequence<byte> body, ParameterLayout layout)
    {
        var (above, below) = (context.DownCodecOf(upper!), context.DownCodecOf(lower!));
        if (above.Name == below.Name && !above.IsDelta)
        {
            return OutgoingModel.Complete(head.Base, new(body.ToArray()));
        }

        if (reader!.TryRead(head, body, layout) is not { } model)
        {
            return null;
        }

        return above.Name == below.Name
            ? new(head.Base, head.Against, new(body.ToArray()), new Lazy<ReadOnlySequence<byte>>(() => ModelWriter.Encode(UpdateCodec.Plain, model)))
            : new ModelWriter(below).Next(model.Clone(), model.ContentHash());
    }

    private async Task KeepAsync(CollectedRound collected, string upperBase, TimeSpan deadline, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var verdicts = collected.Verdicts(inbox!.Present.Keys.ToHashSet(), deadline);
        var quorum = context.Replay is { } script ? cohort.Count(script.Counted(collected.Terms.Round).Contains) : QuorumOf(collected);
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
        await context.State.CommitAsync([.. collector!.Learn(collected)], cancellationToken);
        if (isValid)
        {
            (entry, body) = await writer!.KeepAsync(collected.Terms.Round, head, await MeanAsync(collected, layout, cancellationToken), verdicts, cancellationToken);
        }
        else
        {
            body = default;
            entry = await outbox.SaveAsync(collected.Terms.Round, head, body, verdicts, null, [], cancellationToken);
        }

        CrashPoint.Reach("middle-kept");
        await context.State.CommitAsync([.. collector.Forget(collected)], cancellationToken);
    }

    private async Task<ParameterSet> MeanAsync(CollectedRound collected, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var mean = new float[layout.Length];
        if (Algorithms.Robust(context.Job.Robust, collected.Hostile) is not { } rule)
        {
            collected.Sum!.Mean(mean);
        }
        else
        {
            await new UpdateRows(context.State, context.Worker.Id, context.UpCodecOf(lower!)).AggregateAsync(rule, collected, layout, mean, cancellationToken);
        }

        return new ParameterSet(layout, mean);
    }

    private async Task UploadAsync(CancellationToken cancellationToken)
    {
        if (!await sender!.SendAsync(request!.From, request.Round, entry!.Head, body, entry.Report, Task.CompletedTask, feed!.Superseded, cancellationToken))
        {
            writer!.Abandon();
        }

        CrashPoint.Reach("middle-sent");
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        CrashPoint.Reach("middle-ended");
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var message = new Message { Kind = MessageKind.End, Head = FederatedJson.Write(feed!.End!, FederatedJson.Default.EndHead) };
        try
        {
            await lower!.BroadcastAsync(message, cohort.Count, both.Token);
            await lower.LeaveAsync(both.Token);
            await upper!.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"some workers may not have heard that the job is over: {error.Message}");
        }
    }
}
