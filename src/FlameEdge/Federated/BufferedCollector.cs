using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Federated.Coordination;
using FlameEdge.Federated.Replicas;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated;

/// <summary>
/// The upper side of an asynchronous job: whoever is present works on the newest model he could have, and what comes back is buffered until there is enough for a step. Nobody waits for the
/// slowest. Each update is durable before it is acknowledged, and counted once.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2106.06639">Nguyen et al. 2022, algorithm 1, server</seealso>
internal sealed partial class BufferedCollector : IAsyncDisposable
{
    private readonly RoleContext context;
    private readonly ChannelInbox inbox;
    private readonly BufferSettings settings;
    private readonly UpdateCodec codec;
    private readonly UpdateStore store;
    private readonly BackgroundSends sends;
    private readonly Dictionary<int, string> bases = [];
    // Never changed, only replaced: a model that is sent again asks on a thread of its own whether it still is to be.
    private volatile Dictionary<WorkerId, Ticket> working = [];
    private readonly Dictionary<WorkerId, (long Incarnation, int Count)> issued = [];
    private readonly List<(StoredUpdate Update, long Bytes)> buffered = [];
    private readonly Dictionary<WorkerId, List<WorkerVerdict>> reports = [];
    private readonly PlanFollower? follower;
    private readonly ReplicaShare? share;
    private bool isRestored;

    public BufferedCollector(RoleContext context, ChannelInbox inbox, BufferSettings settings, CancellationToken cancellationToken)
    {
        (this.context, this.inbox, this.settings) = (context, inbox, settings);
        codec = context.UpCodecOf(inbox.Source);
        store = new UpdateStore(context.State, context.Worker.Id);
        follower = PlanFollower.For(context);
        share = ReplicaShare.For(context, inbox);
        sends = new BackgroundSends(inbox.Source, context.Time, context.Logger, cancellationToken);
    }

    /// <summary>The last ticket of each worker that was counted: an update that comes again is not counted again. Part of a checkpoint.</summary>
    public Dictionary<string, long> Taken { get; } = new(StringComparer.Ordinal);

    private WorkerId Self => context.Worker.Id;

    /// <summary>Shows itself to a coordinator, where there is one.</summary>
    public Task JoinAsync(CancellationToken cancellationToken) => follower?.JoinAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Takes the group's workers from now on, where it shares them with equals.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => share?.OpenAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Tells the coordinator, where there is one, that the job is over.</summary>
    public Task EndAsync(Message end, CancellationToken cancellationToken) => follower?.EndAsync(end, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Tells which model a past round's workers started from, as the record of rounds has it.</summary>
    public void Know(int round, string baseHash)
    {
        // A top that went back to an older checkpoint makes other models of the rounds after it.
        foreach (var later in bases.Keys.Where(known => known > round).ToList())
        {
            bases.Remove(later);
        }

        bases[round] = baseHash;
    }

    /// <summary>What workers may have started from: SHA-256 by round.</summary>
    public IReadOnlyDictionary<int, string> Bases => bases;

    /// <summary>What <see cref="Taken"/> was when the buffer was last emptied: what is later is taken from the state again after a crash.</summary>
    public IReadOnlyDictionary<string, long> Consumed { get; private set; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The buffer has been emptied.</summary>
    public void Consume() => Consumed = Taken.ToDictionary(StringComparer.Ordinal);

    /// <summary>Goes on from what was written down, or begins another run.</summary>
    public void Restart(MiddleBuffer stored)
    {
        bases.Clear();
        Taken.Clear();
        working = [];
        buffered.Clear();
        reports.Clear();
        isRestored = false;
        foreach (var (round, hash) in stored.Bases.OrderBy(entry => entry.Key))
        {
            bases[round] = hash;
        }

        foreach (var (worker, order) in stored.Taken)
        {
            Taken[worker] = order;
        }

        Consume();
    }

    /// <summary>Fills the buffer, from what a crash left and from what comes in, until it is full or the deadline is over.</summary>
    /// <param name="terms">The round: its number is the model's.</param>
    /// <param name="model">What they start from.</param>
    /// <param name="buffer">What it fills.</param>
    /// <param name="layout">Of the model.</param>
    /// <param name="cohort">Who could take part.</param>
    /// <param name="superseded">Ends the waiting, never what is being taken in.</param>
    /// <param name="cancellationToken">Ends all.</param>
    public async Task<CollectedRound> CollectAsync(
        RoundTerms terms, OutgoingModel model, FedBuff buffer, ParameterLayout layout, IReadOnlyList<WorkerId> cohort, CancellationToken superseded, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(superseded, cancellationToken);
        var choice = follower is null ? null : await follower.ChooseAsync(terms, cohort, either.Token);
        terms = choice is { Plan: > 0 } ? terms with { Plan = choice.Plan } : terms;
        var round = new CollectedRound(terms, cohort, layout.Length) { WaitsForNobody = true, Choice = choice };
        var change = new float[layout.Length];
        var start = context.Time.GetTimestamp();
        var deadline = context.Job.Rounds.Deadline;
        Know(terms.Round, terms.Base);

        // Sends outlive the step, and what is no view of the model is written over two steps later.
        var body = model.IsView ? model.Body : new ReadOnlySequence<byte>(model.Body.ToArray());
        if (buffer.Count == 0)
        {
            buffered.Clear();
        }

        // A step that was not made in time goes on with what it had.
        buffered.ForEach(entry => round.Count(new WorkerId(entry.Update.Member), entry.Update, entry.Bytes));
        await RestoreAsync(round, buffer, layout, change, cancellationToken);
        TopUp();
        while (buffer.Count < settings.Goal && context.Time.GetElapsedTime(start) < deadline)
        {
            context.Observer.RoundProgress(Self, terms.Round, inbox.Present.Count, buffer.Count, settings.Goal);
            // Where those who came have given away what they could bring to this model, the next one is needed.
            var bound = working.Count == 0 && share?.PatienceBehind(terms) is { } patience && patience < deadline ? patience : deadline;
            var item = await inbox.NextAsync(bound - context.Time.GetElapsedTime(start), either.Token);
            if (item is null)
            {
                break;
            }

            round.Saw(item.Worker);
            switch (item)
            {
                case PeerLeft left:
                    Leave(left.Worker);
                    break;
                case MessageArrived { Message.Kind: MessageKind.Update } arrived:
                    using (arrived)
                    {
                        await TakeAsync(arrived);
                    }

                    break;
                case MessageArrived other:
                    Keep(other);
                    other.Dispose();
                    break;
            }

            if (buffer.Count < settings.Goal)
            {
                TopUp();
            }
        }

        follower?.Learn(round, working.ToDictionary(entry => entry.Key.Value, entry => context.Time.GetElapsedTime(entry.Value.SentAt).TotalSeconds, StringComparer.Ordinal));
        return round;

        // A worker that has been told keeps its ticket until it answers, leaves or starts anew.
        void TopUp()
        {
            foreach (var moved in working.Keys.Where(worker => share?.Has(worker, terms) == false))
            {
                Leave(moved);
            }

            foreach (var (worker, peer) in inbox.Present.Where(entry => choice?.Has(entry.Key) != false && share?.Has(entry.Key, terms) != false).OrderBy(entry => entry.Key.Value, StringComparer.Ordinal))
            {
                if (working.TryGetValue(worker, out var ticket) && ticket.Incarnation == peer.Incarnation)
                {
                    continue;
                }

                if (working.Count(entry => entry.Key != worker) >= (settings.Concurrency ?? int.MaxValue))
                {
                    return;
                }

                Send(worker, peer.Incarnation);
            }
        }

        void Send(WorkerId worker, long incarnation)
        {
            var number = issued.TryGetValue(worker, out var former) && former.Incarnation == incarnation ? former.Count + 1 : Math.Max(former.Count + 1, NumberOf(Taken.GetValueOrDefault(worker.Value)) + 1);
            issued[worker] = (incarnation, number);
            var ticket = new Ticket(terms.Round, number, incarnation, context.Time.GetTimestamp());
            working = new(working) { [worker] = ticket };
            round.Sent(body.Length);
            var head = FederatedJson.Write(terms.Head(deadline, null) with { Ticket = number }, FederatedJson.Default.ModelHead);
            sends.Send(
                worker,
                () => new Message { Kind = MessageKind.Model, Round = terms.Round, Head = head, Body = body },
                () => working.TryGetValue(worker, out var current) && current == ticket && inbox.Source.Peers.Any(present => present.Worker == worker));
        }

        void Leave(WorkerId worker)
        {
            var others = new Dictionary<WorkerId, Ticket>(working);
            others.Remove(worker);
            working = others;
        }

        async Task TakeAsync(MessageArrived arrived)
        {
            var number = arrived.Message.Round;
            var began = context.Time.GetTimestamp();
            VerdictHead answer;
            try
            {
                answer = await FoldAsync(round, buffer, layout, change, arrived, cancellationToken);
            }
            catch (Exception error) when (error is PayloadException or ModelMismatchException)
            {
                answer = Refuse(round, arrived.Worker, error.Message);
            }

            Leave(arrived.Worker);
            round.Busy += context.Time.GetElapsedTime(began);
            var head = FederatedJson.Write(answer, FederatedJson.Default.VerdictHead);
            sends.Send(arrived.Worker, () => new Message { Kind = MessageKind.Verdict, Round = number, Head = head }, () => inbox.Source.Peers.Any(peer => peer.Worker == arrived.Worker));
        }
    }

    /// <summary>The changes that forget a step's updates, to be committed with what replaces them.</summary>
    public IEnumerable<StateChange> Forget(CollectedRound round) => store.Forget(round.Counted);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await sends.DisposeAsync();
        if (follower is not null)
        {
            await follower.DisposeAsync();
        }
    }

    private async Task RestoreAsync(CollectedRound round, FedBuff buffer, ParameterLayout layout, float[] change, CancellationToken cancellationToken)
    {
        if (isRestored)
        {
            return;
        }

        // A buffer that was made smaller may leave some for the next step.
        isRestored = true;
        await store.LoadAsync(kept => kept.Run == round.Terms.Run && bases.GetValueOrDefault(kept.Round) == kept.Base && kept.Order > Taken.GetValueOrDefault(kept.Member), Take, cancellationToken);

        void Take(StoredUpdate update, ReadOnlySequence<byte> body)
        {
            if (buffer.Count == settings.Goal)
            {
                isRestored = false;
                return;
            }

            codec.Decode(body, layout, change);
            if (buffer.Fold(change, update.Round - 1) != UpdateFold.TooStale)
            {
                Count(round, update, body.Length);
                Taken[update.Member] = update.Order;
            }
        }
    }

    private async Task<VerdictHead> FoldAsync(CollectedRound round, FedBuff buffer, ParameterLayout layout, float[] change, MessageArrived arrived, CancellationToken cancellationToken)
    {
        var (worker, number) = (arrived.Worker, arrived.Message.Round);
        var head = FederatedJson.Read(arrived.Message.Head.Span, FederatedJson.Default.UpdateHead);
        if (head.Run != round.Terms.Run || bases.GetValueOrDefault(number) != head.Base)
        {
            return new VerdictHead("late", "it starts from a model this run does not have");
        }

        var order = OrderOf(number, head.Ticket);
        if (order <= Taken.GetValueOrDefault(worker.Value))
        {
            return new VerdictHead("already counted", null);
        }

        if (head.Samples <= 0)
        {
            return Refuse(round, worker, head.HasReport ? ReplayScript.NoQuorumBelow : "an update needs at least one sample");
        }

        codec.Decode(arrived.Message.Body, layout, change);
        if (!(ParameterMath.LargestMagnitude(change) <= round.Terms.Step.LargestValue))
        {
            return Refuse(round, worker, $"out of range: a value is not finite, or larger than rounds.largestValue ({round.Terms.Step.LargestValue})");
        }

        reports.Remove(worker, out var report);

        // The store before the sum: what is in the sum is in the state.
        var staleness = round.Terms.Round - number;
        if (staleness > (settings.MaxStaleness ?? int.MaxValue))
        {
            return Refuse(round, worker, $"too stale: the model has made {staleness} steps since, at most {settings.MaxStaleness} are allowed");
        }

        var update = new StoredUpdate
        {
            Member = worker.Value,
            Round = number,
            Run = head.Run,
            Base = head.Base,
            Samples = head.Samples,
            Order = order,
            Staleness = staleness,
            Plan = head.Plan,
            Effort = follower is not null && working.TryGetValue(worker, out var asked) ? new(context.Time.GetElapsedTime(asked.SentAt).TotalSeconds, arrived.Message.Body.Length, head.Trained ?? 0) : null,
            Report = head.HasReport ? report : null,
            Loss = head.Loss is { } loss && double.IsFinite(loss) ? loss : null,
            Blob = await store.SaveBodyAsync(arrived.Message.Body, cancellationToken),
        };
        CrashPoint.Reach("update-blob-stored");
        await store.SaveAsync(update, cancellationToken);
        CrashPoint.Reach("update-stored");
        buffer.Fold(change, number - 1);
        Taken[worker.Value] = order;
        Count(round, update, arrived.Message.Body.Length);
        return new VerdictHead("counted", null);
    }

    // Verdicts of an aggregator in the middle on its own workers, ahead of its update.
    private void Keep(MessageArrived arrived)
    {
        if (arrived.Message.Kind != MessageKind.Report)
        {
            return;
        }

        try
        {
            reports[arrived.Worker] = FederatedJson.Read(arrived.Message.Body.ToArray(), FederatedJson.Default.ListWorkerVerdict);
        }
        catch (PayloadException error)
        {
            LogRefused(context.Logger, Self, arrived.Message.Round, arrived.Worker, error.Message);
        }
    }

    private void Count(CollectedRound round, StoredUpdate update, long bytes)
    {
        buffered.Add((update, bytes));
        round.Count(new WorkerId(update.Member), update, bytes);
    }

    private VerdictHead Refuse(CollectedRound round, WorkerId worker, string reason)
    {
        round.Refuse(worker, reason);
        LogRefused(context.Logger, Self, round.Terms.Round, worker, reason);
        return new VerdictHead("refused", reason);
    }

    private static long OrderOf(int round, int ticket) => ((long)round << 32) | (uint)ticket;

    private static int NumberOf(long order) => (int)(uint)order;

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Self} refused an update of {Worker} in step {Round}: {Reason}")]
    private static partial void LogRefused(ILogger logger, WorkerId self, int round, WorkerId worker, string reason);

    private readonly record struct Ticket(int Round, int Number, long Incarnation, long SentAt);
}
