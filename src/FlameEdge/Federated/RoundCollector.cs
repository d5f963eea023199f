using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Coordination;
using FlameEdge.Federated.Replicas;
using FlameEdge.Federated.Sampling;
using FlameEdge.Federated.Selection;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// The upper side of a round: sends the model to its cohort and has the updates that come back folded, until everybody is resolved, or a quorum is counted and
/// the rest is gone, or the deadline is over. Each update is durable before it is acknowledged.
/// </summary>
internal sealed class RoundCollector(RoleContext context, ChannelInbox inbox) : IAsyncDisposable
{
    private readonly UpdateIntake intake = new(context, inbox.Source);
    private readonly CohortSelection? selection = CohortSelection.For(context, inbox.Source);
    private readonly CohortSampling? sampling = CohortSampling.For(context, inbox.Source);
    private readonly PlanFollower? follower = PlanFollower.For(context);
    private readonly ReplicaShare? share = ReplicaShare.For(context, inbox);
    private readonly Succession succession = new(context.Time);
    private ExactSum? sum;

    /// <summary>Samples the members announced when they joined, remembered when they leave.</summary>
    public Dictionary<string, long> Samples { get; } = new(StringComparer.Ordinal);

    /// <summary>Who should take part, as of now: a plan may gain and lose workers between rounds.</summary>
    public IReadOnlyList<WorkerId> Cohort => [.. context.CohortOf(inbox.Source).Select(worker => worker.Id)];

    /// <summary>Who of it speaks with one voice, as of now.</summary>
    public CohortGroups Groups => CohortGroups.Of(context, inbox.Source);

    /// <summary>What those hear who have no part in a round.</summary>
    public IdleNotices Idle { get; } = new(context, inbox.Source);

    private WorkerId Self => context.Worker.Id;

    /// <summary>Waits until the whole cohort is present, or its quorum when <paramref name="hurry"/> is over.</summary>
    /// <exception cref="JobFailedException">No quorum after <paramref name="patience"/>.</exception>
    public async Task WaitForCohortAsync(TimeSpan hurry, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (follower is not null)
        {
            await follower.JoinAsync(cancellationToken);
        }

        var start = context.Time.GetTimestamp();
        for (var cohort = Cohort; ; cohort = Cohort)
        {
            var (present, expected) = (Groups.Count(inbox.Present.Keys), Groups.Count(cohort));
            if (present >= expected)
            {
                return;
            }

            var dispensable = ReplicaSets.Of(context, inbox.Source)?.Dispensable(inbox.Present.ContainsKey) ?? 0;
            var quorum = selection?.NeededOf(expected) ?? context.Job.Rounds.QuorumOf(expected - dispensable);
            var waited = context.Time.GetElapsedTime(start);
            var isEnough = present >= quorum;
            var wait = (isEnough ? hurry : patience) - waited;
            if (wait <= TimeSpan.Zero)
            {
                if (isEnough)
                {
                    return;
                }

                var groups = Groups;
                var missing = cohort.Where(worker => !inbox.Present.Keys.Any(other => groups.Of(other) == groups.Of(worker))).Take(5);
                throw new JobFailedException($"{Self} met {present} of {expected} {(groups.HasRings ? "groups" : "workers")} within {patience.TotalSeconds:0} s and needs {quorum}; missing: {string.Join(", ", missing)}. Start them, raise rounds.patience or lower rounds.quorum.") { IsTimeout = true };
            }

            var item = await inbox.NextAsync(wait, cancellationToken);
            Note(item);

            // Whatever it was, it will be asked for again: its sender keeps it.
            (item as IDisposable)?.Dispose();
            context.Observer.RoundProgress(Self, 0, Groups.Count(inbox.Present.Keys), 0, expected);
        }
    }

    /// <summary>The fixed point for sums of so many members. The limit leaves room for workers never seen, and is a power of two so that it seldom changes.</summary>
    public SumStep StepFor(int count, float largestValue)
    {
        var total = Samples.Count == 0 ? count : (double)Samples.Values.Sum() * count / Samples.Count;
        return SumStep.For(1L << Math.Clamp(Math.ILogB(Math.Max(1, total)) + 2, 0, 52), largestValue);
    }

    /// <summary>Runs one round; the sum of the one before is no more.</summary>
    public async Task<CollectedRound> CollectAsync(RoundTerms terms, OutgoingModel model, ParameterLayout layout, TimeSpan deadline, int minimum, CancellationToken cancellationToken)
    {
        if (sum?.Length != layout.Length)
        {
            sum = new ExactSum(layout.Length, terms.Step);
        }
        else
        {
            sum.Restart(terms.Step);
        }

        var start = context.Time.GetTimestamp();
        await using var sends = new BackgroundSends(inbox.Source, context.Time, context.Logger, cancellationToken);
        sampling?.Begin();
        terms = await PacedAsync(Cohort);

        // While the round before is still being written nothing of this one can be stored: the model may go out, but nothing is taken in, and the cohort is that of the end.
        var covered = model.Until.IsCompleted || selection is not null || follower is not null || share is not null ? null : Broadcast();
        await model.Until;
        var groups = Groups;
        var (cohort, choice) = await ChooseAsync();
        terms = choice is null && share is null ? terms : await PacedAsync(choice?.Chosen ?? cohort);
        terms = choice is { Plan: > 0 } ? terms with { Plan = choice.Plan } : terms;
        var required = RequiredOf(terms.Round, choice?.Chosen ?? cohort);
        var round = new CollectedRound(terms, cohort, layout.Length)
        {
            Groups = groups,
            Sum = sum,
            Choice = choice,
            Replicas = ReplicaSets.Of(context, inbox.Source),
            Replayed = context.Replay is { } script ? cohort.Count(script.Hostile(terms.Round).Contains) : null,
        };
        var quorum = Reckon();
        if (covered is null)
        {
            await intake.FoldStoredAsync(round, layout, share is null || context.Replay is not null ? required : [.. Cohort], cancellationToken);
            Include(round.Counted.Select(update => new WorkerId(update.Member)));
        }

        covered = share is not null ? Invite(required) : choice is null ? Distribute(covered) : Invite(choice.Chosen);
        var asked = new HashSet<(WorkerId Worker, long Incarnation)>();
        while (!IsOver() && !IsPaceOver() && context.Time.GetElapsedTime(start) < deadline)
        {
            context.Observer.RoundProgress(Self, terms.Round, groups.Count(inbox.Present.Keys), round.Counted.Count, groups.Count(required));
            var rest = Sooner(Sooner(deadline - context.Time.GetElapsedTime(start), succession.Left), LeftWithNobody());
            var item = await inbox.NextAsync(round.Counted.Count >= quorum ? Sooner(rest, LeftOfPace()) : rest, cancellationToken);
            if (item is null)
            {
                continue;
            }

            Note(item);
            round.Saw(item.Worker);
            switch (item)
            {
                case PeerJoined joined when share is not null:
                    Seat(joined.Peer, covered);
                    break;
                case PeerJoined joined when !covered.Contains((joined.Worker, joined.Peer.Incarnation)):
                    Greet(joined.Worker);
                    break;
                case PeerLeft left:
                    covered.RemoveWhere(peer => peer.Worker == left.Worker);
                    break;
                case MessageArrived arrived:
                    using (arrived)
                    {
                        await TakeAsync(arrived);
                    }

                    break;
            }

            quorum = Reckon();
        }

        context.Observer.RoundProgress(Self, terms.Round, groups.Count(inbox.Present.Keys), round.Counted.Count, groups.Count(required));
        if (round.Counted.Count >= round.Goal)
        {
            Idle.Tell(required.Where(worker => !round.IsResolved(worker)), terms.Round, VerdictHead.NotNeeded);
        }

        return round;

        async Task<(IReadOnlyList<WorkerId> Cohort, Choice? Choice)> ChooseAsync()
        {
            var all = Cohort;
            var chosen = follower is not null ? await follower.ChooseAsync(terms, all, cancellationToken)
                : selection is not null ? await selection.ChooseAsync(terms, all, () => PresentAsync(all, deadline / 2, cancellationToken), Samples, model.Whole.Value.Length, cancellationToken)
                : null;
            return (share is not null ? await share.MembersAsync(terms, all, Note, cancellationToken) : chosen is { IsCohort: true } ? chosen.Chosen : all, chosen);
        }

        // Who stands for whom changes while a round goes on.
        int Reckon()
        {
            round.Dispensable = round.Replicas?.Dispensable(worker => round.IsCounted(worker) || (inbox.Present.ContainsKey(worker) && !round.HasAbstained(worker))) ?? 0;
            var needed = choice is { IsFinal: true } ? 0 : Math.Max(minimum, context.Job.Rounds.QuorumOf(round.Expected));
            round.Goal = context.Replay is not null || choice is { IsFinal: true } ? null : context.Job.Rounds.Eager ? needed : choice?.Goal;
            return needed;
        }

        void Include(IEnumerable<WorkerId> workers)
        {
            List<WorkerId> added = [.. workers.Except(round.Cohort)];
            round.Cohort = [.. round.Cohort, .. added];
            required.UnionWith(added);
        }

        // A trainer has come, or has chosen another replica: it takes part here, or there.
        void Seat(Peer peer, HashSet<(WorkerId Worker, long Incarnation)> told)
        {
            if (share?.Has(peer.Worker, terms) == true)
            {
                Include([peer.Worker]);
                if (told.Add((peer.Worker, peer.Incarnation)))
                {
                    SendModelTo(peer.Worker);
                }
            }
            else if (!round.IsCounted(peer.Worker))
            {
                round.Cohort = [.. round.Cohort.Where(worker => worker != peer.Worker)];
                required.Remove(peer.Worker);
                told.RemoveWhere(known => known.Worker == peer.Worker);
            }
        }

        async Task<RoundTerms> PacedAsync(IReadOnlyList<WorkerId> clients) => sampling is null ? terms : await sampling.PaceAsync(terms, clients, cancellationToken);

        TimeSpan? LeftWithNobody() => terms.Ticket > 0 && round.Cohort.Count == 0 && share?.PatienceBehind(terms) is { } patience ? patience - context.Time.GetElapsedTime(start) : null;

        TimeSpan? LeftOfPace() => terms.Pace?.Deadline - context.Time.GetElapsedTime(start);

        // A quorum may leave behind who is late; without one the round goes on.
        bool IsPaceOver()
        {
            var isOver = round.Counted.Count >= quorum && LeftOfPace() <= TimeSpan.Zero;
            round.EndedBy = isOver ? terms.Pace!.Deadline : null;
            return isOver;
        }

        HashSet<(WorkerId Worker, long Incarnation)> Broadcast()
        {
            // Counted as covered before the broadcast starts: who arrives in between is sent the model once more rather than never.
            HashSet<(WorkerId Worker, long Incarnation)> told = [.. inbox.Source.Peers.Select(peer => (peer.Worker, peer.Incarnation))];
            sends.Broadcast(ModelMessage(model.Against, model.Body), Math.Min(context.Job.Rounds.QuorumOf(Cohort.Count), Math.Max(1, inbox.Present.Count)));
            return told;
        }

        HashSet<(WorkerId Worker, long Incarnation)> Distribute(HashSet<(WorkerId Worker, long Incarnation)>? told)
        {
            foreach (var worker in inbox.Present.Keys)
            {
                round.Saw(worker);
            }

            if (round.Counted.Count == 0)
            {
                round.Sent(model.Body.Length);
                return told ?? Broadcast();
            }

            foreach (var worker in inbox.Present.Keys.ToList())
            {
                SendModelTo(worker);
            }

            return [.. inbox.Present.Values.Select(peer => (peer.Worker, peer.Incarnation))];
        }

        // Each on its own: what a broadcast would save, those pay who are not to have the model.
        HashSet<(WorkerId Worker, long Incarnation)> Invite(IEnumerable<WorkerId> chosen)
        {
            Idle.Tell(inbox.Present.Keys.Where(worker => choice is { IsCohort: false } && !choice.Has(worker)), terms.Round, VerdictHead.NotSelected);
            foreach (var worker in chosen.Where(inbox.Present.ContainsKey))
            {
                round.Saw(worker);
                if (!round.IsResolved(worker))
                {
                    SendModelTo(worker);
                }
            }

            return [.. inbox.Present.Values.Where(peer => share is null || required.Contains(peer.Worker)).Select(peer => (peer.Worker, peer.Incarnation))];
        }

        void Greet(WorkerId worker)
        {
            if (choice?.Has(worker) == false)
            {
                Idle.Tell(choice.IsCohort ? [] : [worker], terms.Round, VerdictHead.NotSelected);
                return;
            }

            SendModelTo(worker);
        }

        void SendModelTo(WorkerId worker)
        {
            choice?.Sent(worker);
            sampling?.Sent(worker);
            round.Sent(model.Whole.Value.Length);
            sends.Send(worker, () => ModelMessage(null, model.Whole.Value), () => !round.IsResolved(worker) && inbox.Source.Peers.Any(peer => peer.Worker == worker));
        }

        Message ModelMessage(string? against, ReadOnlySequence<byte> body)
        {
            var elapsed = context.Time.GetElapsedTime(start);
            var head = FederatedJson.Write(terms.Head(deadline - elapsed, against, elapsed), FederatedJson.Default.ModelHead);
            return new() { Kind = MessageKind.Model, Round = terms.Round, Head = head, Body = body, Until = model.Until };
        }

        bool IsOver()
        {
            var open = required.Where(worker => !round.IsResolved(worker)).ToList();
            if (round.Cohort.Count == 0 && terms.Ticket > 0 && share is not null)
            {
                // Above nobody waits for it, and to say at once that it has no trainers would bring the next model at once. Those who come later may need that one.
                return LeftWithNobody() <= TimeSpan.Zero;
            }

            return open.Count == 0 || round.Counted.Count >= round.Goal || (context.Replay is null && round.Counted.Count >= quorum && !open.Exists(worker => inbox.Present.ContainsKey(worker) || succession.IsAwaited(groups, worker)));
        }

        async Task TakeAsync(MessageArrived arrived)
        {
            if (arrived.Message.Kind == MessageKind.Report)
            {
                intake.KeepReport(arrived);
            }
            else if (arrived.Message.Kind == MessageKind.Want && arrived.Message.Round == terms.Round && asked.Add((arrived.Worker, arrived.Incarnation)))
            {
                SendModelTo(arrived.Worker);
            }
            else if (arrived.Message.Kind == MessageKind.Update)
            {
                var began = context.Time.GetTimestamp();
                var answer = await intake.JudgeAsync(round, layout, required, arrived, model.Body.Length, sampling?.SinceSent(arrived.Worker), cancellationToken);
                round.Busy += context.Time.GetElapsedTime(began);
                var head = FederatedJson.Write(answer, FederatedJson.Default.VerdictHead);
                var number = arrived.Message.Round;
                sends.Send(arrived.Worker, () => new Message { Kind = MessageKind.Verdict, Round = number, Head = head }, () => inbox.Present.ContainsKey(arrived.Worker));
            }
        }
    }

    /// <summary>The changes that forget the round's updates, to be committed with what replaces them.</summary>
    public IEnumerable<State.StateChange> Forget(CollectedRound round) => [.. intake.Forget(round), .. Learn(round)];

    /// <summary>The changes that keep what a round showed of its workers; none where nothing is chosen by it.</summary>
    public IEnumerable<State.StateChange> Learn(CollectedRound round)
    {
        follower?.Learn(round);
        return [.. selection?.Learn(round) ?? [], .. sampling?.Learn(round) ?? []];
    }

    /// <summary>Tells those below that a round goes on without them; not where they may be another aggregator's in it.</summary>
    public void PassOn(int round, VerdictHead verdict)
    {
        if (follower is null && share is null)
        {
            Idle.PassOn(round, verdict);
        }
    }

    /// <summary>Takes the group's workers from now on, where it shares them with equals.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => share?.OpenAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Tells the coordinator, where there is one, that the job is over.</summary>
    public Task EndAsync(Message end, CancellationToken cancellationToken) => follower?.EndAsync(end, cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Idle.DisposeAsync();
        if (follower is not null)
        {
            await follower.DisposeAsync();
        }
    }

    // Whoever comes later was not there to be chosen; without enough of them the round goes on with those who are.
    private async Task<IEnumerable<WorkerId>> PresentAsync(IReadOnlyList<WorkerId> cohort, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        while (cohort.Count(inbox.Present.ContainsKey) < selection!.NeededOf(cohort.Count) && context.Time.GetElapsedTime(start) < patience)
        {
            var item = await inbox.NextAsync(patience - context.Time.GetElapsedTime(start), cancellationToken);
            Note(item);
            (item as IDisposable)?.Dispose();
        }

        return [.. inbox.Present.Keys];
    }

    private HashSet<WorkerId> RequiredOf(int round, IReadOnlyList<WorkerId> cohort) => context.Replay is { } script ? [.. cohort.Where(script.Counted(round).Contains)] : [.. cohort];

    /// <summary>Remembers what a member announced, and whether a group is without its leader.</summary>
    public void Note(ChannelEvent? item)
    {
        if (item is PeerLeft)
        {
            succession.Leave(Groups, item.Worker);
        }
        else if (item is PeerJoined)
        {
            succession.Join(Groups, item.Worker);
        }

        if (item is PeerJoined { Peer: { Card.Samples: > 0 } peer })
        {
            Samples[peer.Worker.Value] = peer.Card.Samples;
        }
    }

    private static TimeSpan Sooner(TimeSpan one, TimeSpan? other) => other < one ? other.Value : one;
}
