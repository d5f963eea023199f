using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// Between two tiers of an asynchronous job: buffers what its group brings, from whichever of the models above it started, and hands a full buffer's mean up. Nobody waits for the slowest.
/// An update is at most <c>maxStaleness</c> steps of the top behind when it is taken here, and the mean at most the top's when it is taken there. Settings of its role: <c>buffer</c>,
/// <c>maxStaleness</c>, <c>concurrency</c>. Steps: <c>initialize &gt;&gt; gather &gt;&gt; (fetch &gt;&gt; aggregate &gt;&gt; upload)* &gt;&gt; finish</c>.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2106.06639">Nguyen et al. 2022, algorithm 1</seealso>
public sealed class AsynchronousMiddleAggregator(RoleContext context) : IRole
{
    private const string Collection = "buffers";

    // A model older than that is nobody's any more, even where no bound is set.
    private const int RememberedBases = 1000;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly Outbox outbox = new(context.State, context.Worker.Id);
    private IChannel? lower;
    private IChannel? upper;
    private ChannelInbox? inbox;
    private BufferSettings? settings;
    private BufferedCollector? collector;
    private FedBuff? buffer;
    private ModelFeed? feed;
    private ModelReader? reader;
    private UpdateWriter? writer;
    private UpdateSender? sender;
    private string run = string.Empty;
    private ModelRequest? request;
    private OutboxEntry? entry;
    private ReadOnlySequence<byte> body;

    private RoundSpec Rounds => context.Job.Rounds;

    private IReadOnlyList<WorkerId> Cohort => [.. context.CohortOf(lower!).Select(worker => worker.Id)];

    /// <summary>True for a worker that also fetches its model from another.</summary>
    public static bool Fits(RoleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Job.Graph.Channels.Any(channel => channel.Has(context.Worker.Role, FunctionTags.Fetch));
    }

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

        // Aggregators that share a group share its trainers.
        var equals = context.Plan.Members(lower.Endpoint.Channel, lower.Endpoint.Group, context.Worker.Role).Count;
        settings = BufferSettings.Of(context.Role, (Cohort.Count + equals - 1) / Math.Max(1, equals));
        collector = new BufferedCollector(context, inbox, settings, cancellationToken);
        feed = new ModelFeed(upper, context.Time, static (_, _, _) => { });
        reader = new ModelReader(context.DownCodecOf(upper));
        writer = new UpdateWriter(context.UpCodecOf(upper), context.State, context.Worker.Id);
        sender = new UpdateSender(context, upper);
        return Task.CompletedTask;
    }

    // One worker is enough to begin with.
    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        await collector!.JoinAsync(cancellationToken);
        await lower!.JoinAsync(new PeerCard(0), cancellationToken);
        await inbox!.WaitForAnyAsync(Rounds.Patience, cancellationToken);
        await upper!.JoinAsync(new PeerCard(inbox.Present.Values.Sum(peer => peer.Card.Samples)), cancellationToken);
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
            var layout = reader!.LayoutOf(head, request.Arrived.Message.Body) ?? throw new PayloadException("a model came as a change"); // Such a codec is refused above.
            await BeginAsync(head, round, layout, cancellationToken);
            var terms = new RoundTerms(head.Run, round, head.Base, head.Step, head.Ticket, head.Plan);
            var collected = await collector!.CollectAsync(terms, HandDown(head, layout), buffer!, layout, Cohort, feed!.Superseded, cancellationToken);
            await KeepAsync(collected, layout, cancellationToken);
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

    // What workers below may still start from is written down before they have it: after a crash their updates are known.
    private async Task BeginAsync(ModelHead head, int round, ParameterLayout layout, CancellationToken cancellationToken)
    {
        if (run != head.Run)
        {
            (run, buffer) = (head.Run, null);
            var stored = await context.State.ReadAsync(Collection, context.Worker.Id.Value, cancellationToken) is { } json ? FederatedJson.Read(json, FederatedJson.Default.MiddleBuffer) : null;
            collector!.Restart(stored?.Run == run ? stored : new() { Run = run });
        }

        // Here nobody has the model's library: which of its values are running statistics is not known, and the factor weighs these too.
        if (buffer is null)
        {
            var plain = ParameterLayout.Of([("values", [layout.Length], ParameterKind.Trainable)]);
            buffer = new FedBuff(plain, new FedAvg(plain, 1), settings!.Goal, settings.MaxStaleness);
        }

        buffer.Restore(round - 1, buffer.Count);
        collector!.Know(round, head.Base);
        await context.State.CommitAsync([Change(collector.Consumed)], cancellationToken);
    }

    // What came is handed on as it is where both tiers write alike.
    private OutgoingModel HandDown(ModelHead head, ParameterLayout layout)
    {
        var (above, below, came) = (context.DownCodecOf(upper!), context.DownCodecOf(lower!), request!.Arrived.Message.Body);
        if (above.Name == below.Name)
        {
            return OutgoingModel.Complete(head.Base, new(came.ToArray()));
        }

        var model = reader!.TryRead(head, came, layout) ?? throw new PayloadException("a model came as a change");
        return new ModelWriter(below).Next(model.Clone(), model.ContentHash());
    }

    private async Task KeepAsync(CollectedRound collected, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var isFull = buffer!.Count == settings!.Goal;
        var verdicts = collected.Verdicts(inbox!.Present.Keys.ToHashSet(), Rounds.Deadline).Where(verdict => verdict.Verdict != Verdict.NotSelected).ToList();
        var head = new UpdateHead
        {
            Run = collected.Terms.Run,
            Base = request!.Head.Base,
            Ticket = collected.Terms.Ticket,
            Plan = request.Head.Plan,
            Samples = isFull ? collected.Samples : 0,
            Loss = collected.TrainingLoss,
            HasReport = true,
        };
        CrashPoint.Reach("middle-aggregated");
        if (isFull)
        {
            var change = new ParameterSet(layout);
            buffer.Step(change.Values);
            collector!.Consume();
            (entry, body) = await writer!.KeepAsync(collected.Terms.Round, head, change, verdicts, [.. collector.Forget(collected), Change(collector.Consumed)], cancellationToken);
        }
        else
        {
            // What is buffered stays for the next model; the top may give its place to another meanwhile.
            body = default;
            entry = await outbox.SaveAsync(collected.Terms.Round, head, body, verdicts, null, [], cancellationToken);
        }

        CrashPoint.Reach("middle-kept");
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
        var message = new Message { Kind = MessageKind.End, Head = FederatedJson.Write(feed!.End!, FederatedJson.Default.EndHead) }; // Not null: it is why the loop was left.
        try
        {
            await lower!.BroadcastAsync(message, inbox!.Present.Count, both.Token);
            await lower.LeaveAsync(both.Token);
            await upper!.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"some workers may not have heard that the job is over: {error.Message}");
        }
    }

    private StateChange Change(IReadOnlyDictionary<string, long> consumed)
    {
        var bases = collector!.Bases.OrderByDescending(known => known.Key).Take(Math.Min(settings!.MaxStaleness ?? RememberedBases, RememberedBases) + 1).ToDictionary();
        var state = new MiddleBuffer { Run = run, Taken = consumed.ToDictionary(StringComparer.Ordinal), Bases = bases };
        return new(Collection, context.Worker.Id.Value, FederatedJson.Write(state, FederatedJson.Default.MiddleBuffer));
    }
}

/// <summary>What an asynchronous aggregator in the middle must not forget.</summary>
internal sealed record MiddleBuffer
{
    /// <summary>The top's run.</summary>
    public required string Run { get; init; }

    /// <summary>The last update of each worker that went up.</summary>
    public Dictionary<string, long> Taken { get; init; } = new(StringComparer.Ordinal);

    /// <summary>SHA-256 of the models that workers may have started from, by round.</summary>
    public Dictionary<int, string> Bases { get; init; } = [];
}
