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
public sealed class AsynchronousMiddleAggregator(RoleContext context) : TierAggregator(context)
{
    private const string Collection = "buffers";

    // A model older than that is nobody's any more, even where no bound is set.
    private const int RememberedBases = 1000;
    private BufferSettings? settings;
    private BufferedCollector? collector;
    private FedBuff? buffer;
    private string run = string.Empty;

    private protected override int HearerCount => Inbox.Present.Count;

    private IReadOnlyList<WorkerId> Cohort => [.. Context.CohortOf(Lower).Select(worker => worker.Id)];

    /// <summary>True for a worker that also fetches its model from another.</summary>
    public static bool Fits(RoleContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Job.Graph.Channels.Any(channel => channel.Has(context.Worker.Role, FunctionTags.Fetch));
    }

    private protected override void Open(CancellationToken cancellationToken)
    {
        // Aggregators that share a group share its trainers.
        var equals = Context.Plan.Members(Lower.Endpoint.Channel, Lower.Endpoint.Group, Context.Worker.Role).Count;
        settings = BufferSettings.Of(Context.Role, (Cohort.Count + equals - 1) / Math.Max(1, equals));
        collector = new BufferedCollector(Context, Inbox, settings, cancellationToken);
    }

    private protected override ValueTask CloseAsync() => collector?.DisposeAsync() ?? ValueTask.CompletedTask;

    // One worker is enough to begin with.
    private protected override async Task<long> GatherGroupAsync(CancellationToken cancellationToken)
    {
        await collector!.JoinAsync(cancellationToken);
        await Lower.JoinAsync(new PeerCard(0), cancellationToken);
        await Inbox.WaitForAnyAsync(Rounds.Patience, cancellationToken);
        return Inbox.Present.Values.Sum(peer => peer.Card.Samples);
    }

    private protected override Task OpenGroupAsync(CancellationToken cancellationToken) => collector!.OpenAsync(cancellationToken);

    private protected override async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)?> CollectAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        var (round, head) = (request.Round, request.Head);
        var layout = Reader.LayoutOf(head, request.Arrived.Message.Body) ?? throw new PayloadException("a model came as a change"); // Such a codec is refused above.
        await BeginAsync(head, round, layout, cancellationToken);
        var terms = new RoundTerms(head.Run, round, head.Base, head.Step, head.Ticket, head.Plan);
        var collected = await collector!.CollectAsync(terms, HandDown(request, layout), buffer!, layout, Cohort, Feed.Superseded, cancellationToken);
        return await KeepAsync(request, collected, layout, cancellationToken);
    }

    // What workers below may still start from is written down before they have it: after a crash their updates are known.
    private async Task BeginAsync(ModelHead head, int round, ParameterLayout layout, CancellationToken cancellationToken)
    {
        if (run != head.Run)
        {
            (run, buffer) = (head.Run, null);
            var stored = await Context.State.ReadAsync(Collection, Context.Worker.Id.Value, cancellationToken) is { } json ? FederatedJson.Read(json, FederatedJson.Default.MiddleBuffer) : null;
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
        await Context.State.CommitAsync([Change(collector.Consumed)], cancellationToken);
    }

    // What came is handed on as it is where both tiers write alike.
    private OutgoingModel HandDown(ModelRequest request, ParameterLayout layout)
    {
        var (head, came) = (request.Head, request.Arrived.Message.Body);
        var (above, below) = (Context.DownCodecOf(Upper), Context.DownCodecOf(Lower));
        if (above.Name == below.Name)
        {
            return OutgoingModel.Complete(head.Base, new(came.ToArray()));
        }

        var model = Reader.TryRead(head, came, layout) ?? throw new PayloadException("a model came as a change");
        return new ModelWriter(below).Next(model.Clone(), model.ContentHash());
    }

    private async Task<(OutboxEntry Entry, ReadOnlySequence<byte> Body)> KeepAsync(ModelRequest request, CollectedRound collected, ParameterLayout layout, CancellationToken cancellationToken)
    {
        var isFull = buffer!.Count == settings!.Goal;
        var verdicts = collected.Verdicts(Inbox.Present.Keys.ToHashSet(), Rounds.Deadline).Where(verdict => verdict.Verdict != Verdict.NotSelected).ToList();
        var head = new UpdateHead
        {
            Run = collected.Terms.Run,
            Base = request.Head.Base,
            Ticket = collected.Terms.Ticket,
            Plan = request.Head.Plan,
            Samples = isFull ? collected.Samples : 0,
            Loss = collected.TrainingLoss,
            HasReport = true,
        };
        CrashPoint.Reach("middle-aggregated");
        if (!isFull)
        {
            // What is buffered stays for the next model; the top may give its place to another meanwhile.
            var saved = await Outbox.SaveAsync(collected.Terms.Round, head, default, verdicts, null, [], cancellationToken);
            CrashPoint.Reach("middle-kept");
            return (saved, default);
        }

        var change = new ParameterSet(layout);
        buffer.Step(change.Values);
        collector!.Consume();
        var kept = await Writer.KeepAsync(collected.Terms.Round, head, change, verdicts, [.. collector.Forget(collected), Change(collector.Consumed)], cancellationToken);
        CrashPoint.Reach("middle-kept");
        return kept;
    }

    private StateChange Change(IReadOnlyDictionary<string, long> consumed)
    {
        var bases = collector!.Bases.OrderByDescending(known => known.Key).Take(Math.Min(settings!.MaxStaleness ?? RememberedBases, RememberedBases) + 1).ToDictionary();
        var state = new MiddleBuffer { Run = run, Taken = consumed.ToDictionary(StringComparer.Ordinal), Bases = bases };
        return new(Collection, Context.Worker.Id.Value, FederatedJson.Write(state, FederatedJson.Default.MiddleBuffer));
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
