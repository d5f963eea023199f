using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// Between two tiers: hands the model down to its group and what the group makes of it up. Needs no model library. What is collected how, its kinds say.
/// Steps: <c>initialize &gt;&gt; gather &gt;&gt; (fetch &gt;&gt; aggregate &gt;&gt; upload)* &gt;&gt; finish</c>.
/// </summary>
public abstract class TierAggregator : IRole
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly RoleContext context;
    private IChannel? lower;
    private IChannel? upper;
    private ChannelInbox? inbox;
    private ModelFeed? feed;
    private ModelReader? reader;
    private UpdateWriter? writer;
    private UpdateSender? sender;
    private ModelRequest? request;
    private OutboxEntry? entry;
    private ReadOnlySequence<byte> body;

    private protected TierAggregator(RoleContext context) => (this.context, Outbox) = (context, new Outbox(context.State, context.Worker.Id));

    private protected RoleContext Context => context;

    private protected Outbox Outbox { get; }

    // All of these are opened by the first step, before any other is run.
    private protected IChannel Lower => lower!;

    private protected IChannel Upper => upper!;

    private protected ChannelInbox Inbox => inbox!;

    private protected ModelFeed Feed => feed!;

    private protected ModelReader Reader => reader!;

    private protected UpdateWriter Writer => writer!;

    private protected UpdateSender Sender => sender!;

    private protected RoundSpec Rounds => context.Job.Rounds;

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

        await CloseAsync();
        if (inbox is not null)
        {
            await inbox.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Opens what collects.</summary>
    private protected abstract void Open(CancellationToken cancellationToken);

    /// <summary>Closes it again; it may never have been opened.</summary>
    private protected abstract ValueTask CloseAsync();

    /// <summary>Joins its group and waits for those it cannot begin without; the samples it presents itself above with.</summary>
    private protected abstract Task<long> GatherGroupAsync(CancellationToken cancellationToken);

    /// <summary>It is about to present itself above: workers may come.</summary>
    private protected abstract Task OpenGroupAsync(CancellationToken cancellationToken);

    /// <summary>What became of an update it sent up.</summary>
    private protected virtual void Hear(int round, VerdictHead verdict)
    {
        // Most kinds go on with the next model, whatever was said.
    }

    /// <summary>Collects what the group makes of a model, and keeps it; null where the model is given back.</summary>
    private protected abstract Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)?> CollectAsync(ModelRequest request, CancellationToken cancellationToken);

    /// <summary>Workers below that must have heard that the job is over before it leaves.</summary>
    private protected abstract int HearerCount { get; }

    private Task InitializeAsync(CancellationToken cancellationToken)
    {
        lower = context.ChannelOf(FunctionTags.Distribute);
        upper = context.ChannelOf(FunctionTags.Fetch);
        inbox = new ChannelInbox(lower, context.Time);
        Open(cancellationToken);
        feed = new ModelFeed(upper, context.Time, (_, round, verdict) => Hear(round, verdict));
        reader = new ModelReader(context.DownCodecOf(upper));
        writer = new UpdateWriter(context.UpCodecOf(upper), context.State, context.Worker.Id);
        sender = new UpdateSender(context, upper);
        return Task.CompletedTask;
    }

    // It presents itself above when its group stands, with the group's samples: so the top knows the weights before the first round. Workers that choose among equals hear of it before the top does.
    private async Task GatherAsync(CancellationToken cancellationToken)
    {
        var samples = await GatherGroupAsync(cancellationToken);
        await OpenGroupAsync(cancellationToken);
        await Upper.JoinAsync(new PeerCard(samples), cancellationToken);
    }

    private async Task<Flow> FetchAsync(CancellationToken cancellationToken)
    {
        request = await Feed.NextAsync(Rounds.Patience, (Rounds.Deadline * 2) + Rounds.Patience, cancellationToken);
        return request is null ? Flow.Leave : Flow.Next;
    }

    private async Task<Flow> AggregateAsync(CancellationToken cancellationToken)
    {
        // Not null: without a request this step is not reached.
        var asked = request!;
        if (await Outbox.FindAsync(asked.Head, asked.Round, cancellationToken) is { } known)
        {
            (entry, body) = known;
            return Flow.Next;
        }

        try
        {
            if (await CollectAsync(asked, cancellationToken) is not { } kept)
            {
                return Flow.Again;
            }

            (entry, body) = kept;
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

    private async Task UploadAsync(CancellationToken cancellationToken)
    {
        // Neither is null: the step before has seen to both.
        if (!await Sender.SendAsync(request!.From, request.Round, entry!.Head, body, entry.Report, Task.CompletedTask, Feed.Superseded, cancellationToken))
        {
            Writer.Abandon();
        }

        CrashPoint.Reach("middle-sent");
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        CrashPoint.Reach("middle-ended");
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var message = new Message { Kind = MessageKind.End, Head = FederatedJson.Write(Feed.End!, FederatedJson.Default.EndHead) }; // Not null: it is why the loop was left.
        try
        {
            await Lower.BroadcastAsync(message, HearerCount, both.Token);
            await Lower.LeaveAsync(both.Token);
            await Upper.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"some workers may not have heard that the job is over: {error.Message}");
        }
    }
}
