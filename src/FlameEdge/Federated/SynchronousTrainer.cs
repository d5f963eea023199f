using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Coordination;
using FlameEdge.Federated.Aggregation.Personal;
using FlameEdge.Federated.Fairness;
using FlameEdge.Federated.Privacy;
using FlameEdge.Federated.Replicas;
using FlameEdge.Federated.Sampling;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated;

/// <summary>
/// Learns from its own data in rounds: fetch the model, train, upload the change. Steps: <c>initialize &gt;&gt; (fetch &gt;&gt; train &gt;&gt; keep &gt;&gt; upload)* &gt;&gt; leave</c>.
/// </summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1, ClientUpdate</seealso>
public partial class SynchronousTrainer(RoleContext context) : IRole
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly UpdateGuard guard = new(context.Job.Privacy);
    private readonly PrivacyLedger? ledger = context.Job.Privacy is { Kind: PrivacySpec.Client } privacy ? new(context.State, context.Worker.Id, new PrivacyBudget(privacy)) : null;
    private readonly Outbox outbox = new(context.State, context.Worker.Id);
    private Dataset? data;
    private ITrainer? trainer;
    private ClientStep? client;
    private Channels.IChannel? coordination;
    private ReplicaChooser? replicas;
    private ModelFeed? feed;
    private ModelReader? reader;
    private UpdateWriter? writer;
    private UpdateSender? sender;
    private SecureDesk? secure;
    private SampleLosses? losses;
    private PersonalTraining? personal;
    private BalancedSamples? samples;
    private FairTraining? fair;
    private double? squaredLoss;
    private ParameterSet? received;
    private ModelRequest? request;
    private UpdateHead? head;
    private WorkerId receiver;
    private ReadOnlySequence<byte> body;
    private bool isKept;
    private Task keeping = Task.CompletedTask;

    /// <summary>The context this worker runs in.</summary>
    protected RoleContext Context { get; } = context;

    /// <summary>What this round's training changed, before it is uploaded: a step of your own may alter it in place, inserted after <c>train</c>.</summary>
    protected ParameterSet? Change { get; private set; }

    /// <inheritdoc/>
    public virtual Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> Loop.Until(() => feed?.End is not null, new Tasklet("fetch", FetchAsync) >> new Tasklet("train", TrainAsync) >> new Tasklet("keep", KeepAsync) >> new Tasklet("upload", UploadAsync))
        >> new Tasklet("leave", LeaveAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (feed is not null)
        {
            await feed.DisposeAsync();
        }

        if (replicas is not null)
        {
            await replicas.DisposeAsync();
        }

        if (secure is not null)
        {
            await secure.DisposeAsync();
        }

        personal?.Dispose();
        losses?.Dispose();
        samples?.Dispose();
        fair?.Dispose();
        trainer?.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        var job = Context.Job;
        var model = job.Model ?? throw new TopologyException($"job '{job.Name}' names no model: add a section 'model', such as: model: {{ kind: softmax }}");
        var dataset = Context.Worker.Dataset ?? throw new TopologyException($"{Context.Worker.Id} trains but has no dataset: set isDataConsumer on role '{Context.Worker.Role}'");
        var channel = Context.ChannelOf(FunctionTags.Fetch);
        coordination = PlanFollower.ChannelOf(Context);
        replicas = ReplicaChooser.For(Context, channel);
        data = await Context.LoadAsync(dataset, cancellationToken);
        trainer = Open(ClientStep.With(job.Optimizer, Context.Training));
        (personal, data) = PersonalTraining.For(Context, trainer.Layout, data, Open);
        losses = job.Graph.Channels.Any(spec => spec.Selector.Kind == SelectorSpec.Oort) ? new SampleLosses(trainer, Context.Training) : null;
        samples = job.Sampler is { } sampler ? new BalancedSamples(sampler, trainer, data, Context.Training) : null;
        fair = job.Optimizer.Fairness is { } fairness ? new FairTraining(fairness, trainer, data, FairTraining.ColumnOf(fairness, job.Datasets[dataset]), Context.Training) : null;
        client = new ClientStep(job.Optimizer, Context.Training, trainer.Layout, [.. personal?.State ?? [], .. samples?.State ?? []]);
        Change = new ParameterSet(client.Travel);
        secure = job.SecureAggregation is { } spec ? new SecureDesk(Context, channel, spec) : null;
        feed = new ModelFeed(channel, Context.Time, (_, round, verdict) => Hear(round, verdict), secure is null ? null : secure.Take, replicas is null ? null : replicas.Review);
        reader = new ModelReader(Context.DownCodecOf(channel));
        writer = new UpdateWriter(Context.UpCodecOf(channel), Context.State, Context.Worker.Id);
        sender = new UpdateSender(Context, channel);
        if (coordination is not null)
        {
            await coordination.JoinAsync(new Channels.PeerCard(WeightOf(data.Count)), cancellationToken);
        }

        var card = new Channels.PeerCard(WeightOf(data.Count));
        await (replicas?.JoinAsync(card, cancellationToken) ?? channel.JoinAsync(card, cancellationToken));

        ITrainer Open(TrainingSpec training) => Context.Engine.Open(model, data!.SampleShape, data.ClassCount, training);
    }

    private void Hear(int round, VerdictHead verdict)
    {
        samples?.Tell(verdict.OnTheWay);
        LogVerdict(Context.Logger, Context.Worker.Id.Value, round, verdict.Answer, verdict.Reason ?? string.Empty);
    }

    private async Task<Flow> FetchAsync(CancellationToken cancellationToken)
    {
        var rounds = Context.Job.Rounds;
        replicas?.Rest();
        request = await feed!.NextAsync(rounds.Patience, (rounds.Deadline * 2) + rounds.Patience, cancellationToken);
        replicas?.Work();
        return request is null ? Flow.Leave : Flow.Next;
    }

    private async Task<Flow> TrainAsync(CancellationToken cancellationToken)
    {
        var (round, terms) = (request!.Round, request.Head);
        (isKept, receiver) = (false, request.From);
        if (replicas?.HolderOf(terms.Run, round) is { } holder && holder != request.From)
        {
            // Another replica has its update of this round, or may have it: that one counts it, nobody else.
            return Flow.Again;
        }

        if (await outbox.FindAsync(terms, round, cancellationToken) is { } kept)
        {
            (head, body, isKept) = (kept.Entry.Head, kept.Body, true);
            return Flow.Next;
        }

        try
        {
            received = reader!.TryRead(terms, request.Arrived.Message.Body, client!.Travel);
            if (received is null)
            {
                feed!.Finish(request);
                await sender!.AskAsync(request.From, round, feed.Superseded, cancellationToken);
                return Flow.Again;
            }
        }
        catch (PayloadException error)
        {
            LogUnreadable(Context.Logger, Context.Worker.Id.Value, round, error.Message);
            return Flow.Again;
        }

        var began = Context.Time.GetTimestamp();
        try
        {
            if (client.HasState)
            {
                client.Load(await writer!.CarriedAsync(terms.Run, round, terms.Ticket, cancellationToken));
            }

            using var both = CancellationTokenSource.CreateLinkedTokenSource(feed!.Superseded, cancellationToken);
            began = Context.Time.GetTimestamp();
            var result = await Context.Compute.RunAsync(Context.Training.Threads, () => Train(round, terms.Ticket, terms.Plan, both.Token), both.Token);
            var took = Context.Time.GetElapsedTime(began);
            samples?.Took(took, isWhole: true);
            head = new UpdateHead
            {
                Run = terms.Run,
                Base = terms.Base,
                Ticket = terms.Ticket,
                Plan = terms.Plan,
                Trained = coordination is null && samples is null ? null : took.TotalSeconds,
                Samples = WeightOf(result.Samples),
                Loss = double.IsFinite(result.Loss) && Context.Job.Privacy is null ? result.Loss : null,
                SquaredLoss = squaredLoss,
                Sampled = samples?.Report,
            };
            CrashPoint.Reach("trained");
            return Flow.Next;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            samples?.Took(Context.Time.GetElapsedTime(began), isWhole: false);
            return Flow.Again;
        }
    }

    private TrainingResult Train(int round, int ticket, int plan, CancellationToken cancellationToken)
    {
        // Asked again for the same model, or by another aggregator, it draws other samples.
        var seed = Seeds.Derive(Context.Job.Seed, ticket == 0 ? Context.Worker.Id.Value : plan == 0 ? $"{Context.Worker.Id}#{ticket}" : $"{Context.Worker.Id}#{ticket}.{plan}", round);
        var model = received!.Values[..trainer!.Layout.Length]; // Read before.
        var result = client!.Train(trainer, received.Values, personal is null ? default : personal.Begin(model), Change!.Values, () =>
        {
            squaredLoss = losses is null ? null : SampleLosses.MeanSquare(losses.Measure(data!, cancellationToken));
            return fair is not null ? fair.Train(FairnessTerms.Of(received.Values[trainer.Layout.Length..]), seed, cancellationToken)
                : samples is not null ? samples.Train(trainer, request!.Head.LossThreshold ?? 0, LeftOfPace(), seed, cancellationToken)
                : trainer.Train(data!, seed, cancellationToken);
        });
        fair?.Terms.CopyTo(Change.Values[model.Length..]);
        personal?.Complete(trainer, model, Change.Values[..model.Length], round, cancellationToken);
        return result;
    }

    private TimeSpan? LeftOfPace() => request!.Head.PaceSeconds is { } seconds
        ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, Context.Job.Rounds.Deadline.TotalSeconds)) - Context.Time.GetElapsedTime(request.ArrivedAt)
        : null;

    private long WeightOf(int rows) => Context.Job.CountsAlike ? 1 : rows;

    private async Task<Flow> KeepAsync(CancellationToken cancellationToken)
    {
        if (isKept)
        {
            keeping = Task.CompletedTask;
            return Flow.Next;
        }

        if (ledger is not null && !await ledger.TrySpendAsync($"{head!.Run} {request!.Round} {head.Ticket}", cancellationToken))
        {
            Context.Observer.Say(Context.Worker.Id, "its own count of the privacy budget is spent: it takes no further part");
            return Flow.Leave;
        }

        guard.Protect(Change!.Values);
        var bound = replicas?.Bind(head!.Run, request!.Round, request.From);
        receiver = bound?.To ?? receiver;
        (body, var kept) = await writer!.WriteAsync(request!.Round, head!, Change!, null, client!.HasState ? client.Save() : default, bound is { } also ? [also.Change] : [], cancellationToken);
        keeping = ReachAsync(kept);
        if (ledger is not null)
        {
            // A crash would draw other noise for the same change, and nobody may have both.
            await keeping;
        }

        return Flow.Next;

        static async Task ReachAsync(Task kept)
        {
            await kept;
            CrashPoint.Reach("update-kept");
        }
    }

    // The update travels while it is being kept; the channel holds its last piece back until it is.
    private async Task UploadAsync(CancellationToken cancellationToken)
    {
        bool isSent;
        try
        {
            isSent = secure is null
                ? await sender!.SendAsync(receiver, request!.Round, head!, body, null, keeping, feed!.Superseded, cancellationToken)
                : await secure.UploadAsync(request!.From, request.Round, head!, body, client!.Travel, feed!.Superseded, cancellationToken);
        }
        finally
        {
            await keeping;
        }

        if (isSent)
        {
            CrashPoint.Reach("update-sent");
            return;
        }

        // A piece of it may still be under way, so the next change is written elsewhere.
        Change = new ParameterSet(Change!.Layout);
        writer!.Abandon();
    }

    // The job is over; a broker that is over too must not keep its workers.
    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (personal is not null && feed!.End is { } end)
        {
            // As it was kept: what was trained of an update that nobody kept has not happened.
            client!.Load(await writer!.CarriedAsync(end.Run, cancellationToken));
            if (await Context.Compute.RunAsync(Context.Training.Threads, () => personal.Finish(trainer!, cancellationToken), cancellationToken) is { } model)
            {
                Context.Observer.PersonalModelEnded(Context.Worker.Id, model);
                CrashPoint.Reach("personal-ended");
            }
        }

        using var patience = new CancellationTokenSource(Farewell, Context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await (replicas?.StopAsync() ?? Task.CompletedTask);
            await Context.ChannelOf(FunctionTags.Fetch).LeaveAsync(both.Token);
            await (coordination?.LeaveAsync(both.Token) ?? Task.CompletedTask);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNoFarewell(Context.Logger, Context.Worker.Id.Value, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Worker}: round {Round} answered '{Answer}' {Reason}")]
    private static partial void LogVerdict(ILogger logger, string worker, int round, string answer, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Worker} could not say good-bye: {Cause}")]
    private static partial void LogNoFarewell(ILogger logger, string worker, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker} cannot read the model of round {Round}: {Cause}")]
    private static partial void LogUnreadable(ILogger logger, string worker, int round, string cause);
}
