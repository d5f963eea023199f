using System.Buffers;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated.Ring;

/// <summary>
/// One member of a group that sums changes around a ring. The lowest member present coordinates: it brings everybody to the same standing, begins a sum of those who are ready, and, when all of them
/// say that they hold the same result, makes it valid. A member that dies in the midst of it ends that try, and those who remain begin another with their own changes, so that nothing is counted twice.
/// </summary>
/// <remarks>What only a few have made valid before they died is taken over when they come back, or given up where the others are further: the furthest standing wins, then the one most have.</remarks>
internal sealed partial class RingCircle : IAsyncDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    // A member that says more is wrong, or means harm: sums of weights and the count of sums must not overflow.
    private const long LargestWeight = 1L << 48;
    private const int LargestLeap = 1 << 20;

    // Said again from time to time: whatever was lost on the way, the coordinator knows it soon.
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly IRingWork work;
    private readonly ChannelInbox inbox;
    private readonly BackgroundSends sends;
    private readonly CancellationTokenSource stopping;
    private readonly RingTable table = new();
    private readonly HashSet<WorkerId> seen = [];
    private readonly Dictionary<WorkerId, string> refused = [];
    private readonly HashSet<(WorkerId, long, RingStanding)> handed = [];
    private readonly List<MessageArrived> stash = [];
    private Task<ChannelEvent?>? reading;
    private CancellationTokenSource training = new();
    private Task<RingChange>? learning;
    private RingChange? change;
    private RingAttempt? attempt;
    private (WorkerId Worker, long Incarnation)? told;
    private (WorkerId Worker, long At)? wanted;
    private int newest;
    private int said;
    private long toldAt;
    private int failures;
    private long opened;
    private long begun;
    private long heard;
    private bool hasGathered;
    private EndHead? end;

    public RingCircle(RoleContext context, IChannel channel, IRingWork work, CancellationToken cancellationToken)
    {
        (this.context, this.channel, this.work) = (context, channel, work);
        inbox = new ChannelInbox(channel, context.Time);
        stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        sends = new BackgroundSends(channel, context.Time, context.Logger, stopping.Token);
        heard = opened = context.Time.GetTimestamp();
    }

    /// <summary>How the group ended; null while it has not.</summary>
    public EndHead? End => end;

    /// <summary>True where this member is the lowest present.</summary>
    public bool IsCoordinator => Coordinator == Self;

    private WorkerId Self => context.Worker.Id;

    private RoundSpec Rounds => context.Job.Rounds;

    // The others of the group.
    private List<WorkerId> Cohort => [.. context.CohortOf(channel).Select(worker => worker.Id).Where(worker => worker != Self)];

    private WorkerId Coordinator => inbox.Present.Keys.Append(Self).MinBy(worker => worker.Value, StringComparer.Ordinal);

    private TimeSpan Silence => (Rounds.Deadline + Rounds.Patience) * 2;

    private TimeSpan Age => context.Time.GetElapsedTime(opened);

    /// <summary>Meets the others.</summary>
    public Task JoinAsync(long samples, CancellationToken cancellationToken) => channel.JoinAsync(new PeerCard(samples), cancellationToken);

    /// <summary>Goes on until this member stands somewhere else, or the group has ended.</summary>
    /// <exception cref="JobFailedException">Too few came, or the coordinator is silent.</exception>
    public async Task MoveAsync(CancellationToken cancellationToken)
    {
        await OpenAsync();
        var before = work.Standing;
        if (work.CanTrain)
        {
            learning = work.TrainAsync(training.Token);
        }

        Place(isReady: false);
        while (work.Standing == before && end is null)
        {
            RequireProgress();
            TellIfNew();
            await CoordinateAsync(cancellationToken);
            if (work.Standing != before)
            {
                break;
            }

            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>Stays until everybody has what this member has, or the coordinator says that it is over; <paramref name="tell"/> runs at the coordinator.</summary>
    public async Task FinishAsync(Func<EndHead> tell, CancellationToken cancellationToken)
    {
        await OpenAsync();
        Place(isReady: false);
        EndHead? own = null;
        while (end is null && own is null)
        {
            TellIfNew();
            if (IsCoordinator)
            {
                own = tell();
                await AwaitOthersAsync(cancellationToken);
                own = IsCoordinator ? own : null;
            }
            else if (Age > Silence)
            {
                return;
            }
            else
            {
                await WaitAsync(cancellationToken);
            }
        }

        await LeaveAsync(own, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopTrainingAsync();
        await stopping.CancelAsync();
        await sends.DisposeAsync();
        await inbox.DisposeAsync();
        stash.ForEach(item => item.Dispose());
        training.Dispose();
        stopping.Dispose();
    }

    // A new round: what was known of the last is over, where the others stand is not.
    private async Task OpenAsync()
    {
        await StopTrainingAsync();
        training.Dispose();
        training = new CancellationTokenSource();
        (attempt, change, wanted) = (null, null, null);
        failures = 0;
        refused.Clear();
        handed.Clear();
        seen.Clear();
        seen.UnionWith(inbox.Present.Keys);
        heard = opened = context.Time.GetTimestamp();
        told = null;
    }

    private async Task StopTrainingAsync()
    {
        await training.CancelAsync();
        if (learning is not null)
        {
            // A fault of it has been told where it was waited for, or is nobody's any more.
            await ((Task)learning).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            learning = null;
        }
    }

    private void Place(bool isReady, string? refusal = null) =>
        table[Self] = new RingPlace(work.Standing, channel.Endpoint.Incarnation, change?.Samples ?? 0, isReady, refusal, change?.Loss);

    private void RequireProgress()
    {
        if (IsCoordinator && attempt is null && Age > Rounds.Deadline + Rounds.Patience)
        {
            var ready = table.All.Count(member => member.Place.IsReady);
            throw new JobFailedException($"{Self} has {ready} of {Cohort.Count + 1} members of its ring ready after {Age.TotalSeconds:0} s and needs {Quorum}. Start them, raise rounds.patience or lower rounds.quorum, and go on with --resume.") { IsTimeout = true };
        }

        if (!IsCoordinator && context.Time.GetElapsedTime(heard) > Silence)
        {
            throw new JobFailedException($"{Self} heard nothing from {Coordinator}, which coordinates its ring, for {Silence.TotalSeconds:0} s although it is there") { IsTimeout = true };
        }
    }

    private int Quorum => Rounds.QuorumOf(Cohort.Count + 1);

    // Whoever coordinates from now on learns where this member stands.
    private void TellIfNew()
    {
        var to = Coordinator;
        var now = to == Self ? (to, 0) : (to, inbox.Present[to].Incarnation);
        if (told == now && (to == Self || context.Time.GetElapsedTime(toldAt) < Repeat))
        {
            return;
        }

        heard = told == now ? heard : context.Time.GetTimestamp();
        told = now;
        toldAt = context.Time.GetTimestamp();
        if (to == Self)
        {
            attempt = attempt?.Coordinator == Self ? attempt : null;
            foreach (var other in inbox.Present.Keys)
            {
                Send(other, Head(RingHead.Call), default, () => IsCoordinator);
            }
        }
        else
        {
            Tell(to);
        }
    }

    private void Tell(WorkerId to)
    {
        var place = table[Self]!; // not null: placed when the round was opened.
        var head = Head(RingHead.Here) with { Order = newest, Number = ++said, Samples = place.Samples, IsReady = place.IsReady, Refusal = place.Refusal, Loss = place.Loss };
        Send(to, head, default, () => ReferenceEquals(table[Self], place));
    }

    private RingHead Head(string kind) => new() { Kind = kind, Standing = work.Standing };

    private void Send(WorkerId to, RingHead head, ReadOnlySequence<byte> body, Func<bool> isWanted)
    {
        var incarnation = inbox.Present.GetValueOrDefault(to)?.Incarnation;
        var message = new Message { Kind = MessageKind.Ring, Round = work.Standing.Round + 1, Head = FederatedJson.Write(head, RingJson.Default.RingHead), Body = body };
        sends.Send(to, () => message, () => incarnation is not null && channel.Peers.Any(peer => peer.Worker == to && peer.Incarnation == incarnation) && isWanted());
    }

    // An event, the end of the training, or a moment to look again.
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        reading ??= inbox.NextAsync(Idle, stopping.Token);
        using var look = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(NextLook(), context.Time, look.Token);
        await Task.WhenAny([reading, pause, .. learning is null ? Array.Empty<Task>() : [learning]]);
        await look.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (learning?.IsCompleted == true)
        {
            await LearnedAsync();
        }

        if (reading.IsCompleted)
        {
            var item = await reading;
            reading = null;
            await TakeAsync(item, cancellationToken);
        }
    }

    private TimeSpan NextLook()
    {
        var next = attempt?.Coordinator == Self ? Rounds.Deadline - context.Time.GetElapsedTime(begun) : Age < Rounds.Deadline ? Rounds.Deadline - Age : TimeSpan.FromSeconds(1);
        return next < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : next < TimeSpan.FromSeconds(5) ? next : TimeSpan.FromSeconds(5);
    }

    private async Task LearnedAsync()
    {
        var learned = await learning!; // not null: asked by who calls.
        learning = null;
        var worst = ParameterMath.LargestMagnitude(learned.Values);
        change = learned;
        var refusal = float.IsFinite(worst) && worst <= Rounds.LargestValue ? null
            : float.IsFinite(worst) ? $"a value of {worst:g3} is beyond rounds.largestValue, {Rounds.LargestValue}" : "its change is not finite";
        if (refusal is not null)
        {
            change = null;
        }

        Place(isReady: refusal is null, refusal);
        told = null;
        CrashPoint.Reach("ring-trained");
    }

    private async Task TakeAsync(ChannelEvent? item, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case PeerJoined joined:
                Lose(joined.Worker, joined.Peer.Incarnation);
                seen.Add(joined.Worker);
                break;
            case PeerLeft left:
                Lose(left.Worker, null);
                break;
            case MessageArrived arrived:
                var isKept = false;
                try
                {
                    isKept = await ReadAsync(arrived, cancellationToken);
                }
                catch (PayloadException error)
                {
                    LogUnreadable(context.Logger, Self, arrived.Worker, error.Message);
                }
                finally
                {
                    if (!isKept)
                    {
                        arrived.Dispose();
                    }
                }

                break;
        }
    }

    // A member that is gone, or runs anew, holds nothing of the present sum any more.
    private void Lose(WorkerId worker, long? incarnation)
    {
        if (incarnation is not null && table[worker]?.Incarnation == incarnation)
        {
            return;
        }

        table[worker] = null;
        handed.RemoveWhere(entry => entry.Item1 == worker);
        if (wanted?.Worker == worker)
        {
            wanted = null;
        }

        if (attempt?.Coordinator == Self && attempt.Members.Contains(worker))
        {
            LogAgain(context.Logger, Self, attempt.Order, worker);
            attempt = null;
        }
    }

    private async Task<bool> ReadAsync(MessageArrived arrived, CancellationToken cancellationToken)
    {
        if (inbox.Present.GetValueOrDefault(arrived.Worker)?.Incarnation != arrived.Incarnation)
        {
            return false;
        }

        heard = arrived.Worker == Coordinator ? context.Time.GetTimestamp() : heard;
        if (arrived.Message.Kind == MessageKind.End)
        {
            end = FederatedJson.Read(arrived.Message.Head.Span, FederatedJson.Default.EndHead);
            return false;
        }

        if (arrived.Message.Kind != MessageKind.Ring)
        {
            return false;
        }

        var (from, body) = (arrived.Worker, arrived.Message.Body);
        var head = Parse(arrived.Message.Head.Span, RingJson.Default.RingHead);
        if (head.Order < 0 || head.Order - newest > LargestLeap)
        {
            throw new PayloadException($"sum {head.Order} is none that could follow {newest}");
        }

        newest = Math.Max(newest, head.Order);
        switch (head.Kind)
        {
            case RingHead.Here when table[from] is { } known && known.Incarnation == arrived.Incarnation && known.Number > head.Number:
                // Two words of one member may overtake each other.
                break;
            case RingHead.Here:
                table[from] = new RingPlace(head.Standing, arrived.Incarnation, Math.Clamp(head.Samples, 0, LargestWeight), head.IsReady, head.Refusal, head.Loss, head.Number);
                break;
            case RingHead.Call:
                Tell(from);
                break;
            case RingHead.Want when work.Standing == head.Standing:
                Hand(from);
                break;
            case RingHead.State when IsBetter(from, head.Standing):
                await StopTrainingAsync();
                await work.AdoptAsync(head.Standing, body, cancellationToken);
                break;
            case RingHead.State:
                Tell(from);
                break;
            case RingHead.Begin when IsNewer(head.Order, from):
                Begin(head, from, Parse(body.ToArray(), RingJson.Default.DictionaryStringInt64));
                break;
            case RingHead.Part:
                return TakePart(arrived, head);
            case RingHead.Done when IsOurs(head) && attempt!.Coordinator == Self && attempt.Members.Contains(from): // not null: it is ours.
                NoteDone(from, head.Hash);
                break;
            case RingHead.Broken when IsOurs(head) && attempt!.Coordinator == Self && attempt.Members.Contains(from):
                Refuse(attempt.Members[(attempt.Members.IndexOf(from) + attempt.Members.Count - 1) % attempt.Members.Count], head.Refusal);
                break;
            case RingHead.Commit:
                await FollowAsync(head, from, body, cancellationToken);
                break;
        }

        return false;
    }

    private static T Parse<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => FederatedJson.Read(json, type);

    private bool IsOurs(RingHead head) => attempt is not null && head.Order == attempt.Order && head.Coordinator == attempt.Coordinator.Value;

    private bool IsNewer(int order, WorkerId coordinator) => attempt is null || order > attempt.Order
        || (order == attempt.Order && string.CompareOrdinal(coordinator.Value, attempt.Coordinator.Value) < 0);

    private bool IsBetter(WorkerId from, RingStanding standing) =>
        standing.Round > work.Standing.Round || (standing.Round == work.Standing.Round && standing != work.Standing && (from == Coordinator || IsCoordinator));

    private void Hand(WorkerId to)
    {
        var place = table[to];
        var standing = work.Standing;
        if (handed.Add((to, inbox.Present[to].Incarnation, place?.Standing ?? standing)))
        {
            Send(to, Head(RingHead.State), work.Snapshot(), () => work.Standing == standing);
        }
    }

    private async Task CoordinateAsync(CancellationToken cancellationToken)
    {
        if (!IsCoordinator)
        {
            return;
        }

        if (work.CanTrain)
        {
            context.Observer.RoundProgress(Self, work.Standing.Round + 1, inbox.Present.Count + 1, table.All.Count(member => member.Place.IsReady), Cohort.Count + 1);
        }

        var target = table.Target();
        if (target != work.Standing)
        {
            Ask(table.HolderOf(target), target);
            return;
        }

        foreach (var (worker, _) in table.All.Where(member => member.Place.Standing != target && inbox.Present.ContainsKey(member.Worker)).ToList())
        {
            Hand(worker);
        }

        if (attempt is not null && context.Time.GetElapsedTime(begun) > Rounds.Deadline)
        {
            GiveUp(attempt);
        }

        if (attempt is null && work.CanTrain)
        {
            TryBegin(target);
        }

        if (attempt is { IsComplete: true } whole && whole.Done.Count == whole.Members.Count)
        {
            await AgreeAsync(whole, cancellationToken);
        }
    }

    private void Ask(WorkerId holder, RingStanding target)
    {
        if (wanted is not { } asked || asked.Worker != holder || context.Time.GetElapsedTime(asked.At) > Rounds.Deadline)
        {
            wanted = (holder, context.Time.GetTimestamp());
            Send(holder, Head(RingHead.Want) with { Standing = target }, default, () => work.Standing != target);
        }
    }

    // Who does not answer is not waited for a second time.
    private void GiveUp(RingAttempt stuck)
    {
        attempt = null;
        if (++failures >= Rounds.MaxFailures)
        {
            throw new JobFailedException($"{failures} sums in a row were not whole within {Rounds.Deadline.TotalSeconds:0.#} s; the last waited for {string.Join(", ", stuck.Members.Where(worker => !stuck.Done.Contains(worker)).Take(5))}. Raise rounds.deadline or repair the workers, and go on with --resume.") { IsTimeout = true };
        }

        foreach (var worker in stuck.Members.Where(worker => worker != Self && !stuck.Done.Contains(worker)))
        {
            table[worker] = null;
            if (inbox.Present.ContainsKey(worker))
            {
                Send(worker, Head(RingHead.Call), default, () => IsCoordinator);
            }
        }

        var grace = Rounds.Deadline < Farewell ? Rounds.Deadline / 2 : Farewell / 2;
        opened = context.Time.GetTimestamp() - (long)((Rounds.Deadline - grace).TotalSeconds * context.Time.TimestampFrequency);
    }

    private void TryBegin(RingStanding target)
    {
        var cohort = Cohort;
        List<WorkerId> ready = [.. table.All.Where(member => member.Place.IsReady && member.Place.Standing == target && !refused.ContainsKey(member.Worker) && (member.Worker == Self || inbox.Present.ContainsKey(member.Worker))).Select(member => member.Worker)];
        var resolved = ready.Count + table.All.Count(member => member.Place.Refusal is not null && member.Place.Standing == target) + refused.Count;
        hasGathered |= inbox.Present.Count == cohort.Count || Age >= Rounds.Deadline;
        var isQuorum = ready.Count >= Quorum;
        var isAll = resolved >= cohort.Count + 1;
        var isRestGone = hasGathered && resolved >= inbox.Present.Count + 1;
        if (!isQuorum || !(isAll || isRestGone || Age >= Rounds.Deadline))
        {
            return;
        }

        var weights = ready.ToDictionary(worker => worker.Value, worker => table[worker]!.Samples); // not null: it is ready.
        if (!ready.Contains(Self))
        {
            // It has nothing to bring in time, or nothing fit to be summed, and carries the others' sums nevertheless.
            weights[Self.Value] = 0;
        }

        if (weights.Values.Sum() <= 0)
        {
            return;
        }

        var head = Head(RingHead.Begin) with { Order = ++newest, Coordinator = Self.Value };
        begun = context.Time.GetTimestamp();
        var body = new ReadOnlySequence<byte>(JsonSerializer.SerializeToUtf8Bytes(weights, RingJson.Default.DictionaryStringInt64));
        attempt = new RingAttempt(head.Order, Self, weights, Self, ValuesFor(weights[Self.Value]));
        var own = attempt;
        foreach (var worker in own.Members.Where(worker => worker != Self))
        {
            Send(worker, head, body, () => ReferenceEquals(attempt, own));
        }

        CrashPoint.Reach("ring-begun");
        Go();
    }

    private float[] ValuesFor(long weight) => weight > 0 ? change!.Values : new float[work.Length]; // not null: who has weight is ready.

    private void Begin(RingHead head, WorkerId from, Dictionary<string, long> weights)
    {
        var cohort = Cohort.Select(worker => worker.Value).Append(Self.Value).ToHashSet(StringComparer.Ordinal);
        if (head.Standing != work.Standing || change is null || weights.GetValueOrDefault(Self.Value) != change.Samples || !weights.Keys.All(cohort.Contains) || weights.Values.Any(weight => weight is < 0 or > LargestWeight) || weights.Values.Sum() <= 0)
        {
            // It does not know where this member stands.
            Tell(from);
            return;
        }

        attempt = new RingAttempt(head.Order, from, weights, Self, change.Values);
        Go();
    }

    // Sends the first part, and takes what was there before this member knew of the sum.
    private void Go()
    {
        SendPart();
        CrashPoint.Reach("ring-part-sent");
        foreach (var early in stash.ToList())
        {
            stash.Remove(early);
            using (early)
            {
                var head = Parse(early.Message.Head.Span, RingJson.Default.RingHead);
                if (IsOurs(head))
                {
                    TakePart(early, head);
                }
            }
        }

        Complete();
    }

    private bool TakePart(MessageArrived arrived, RingHead head)
    {
        if (!IsOurs(head))
        {
            return Stash(arrived, head);
        }

        if (arrived.Worker != attempt!.Left) // not null: it is ours.
        {
            return false;
        }

        try
        {
            var isNext = attempt.Take(head.Step, arrived.Message.Body);
            while (isNext)
            {
                isNext = attempt.Advance();
                if (!attempt.IsComplete)
                {
                    SendPart();
                }
            }
        }
        catch (PayloadException error)
        {
            var why = $"its part of the sum was refused by {Self}: {error.Message}";
            if (attempt.Coordinator == Self)
            {
                Refuse(attempt.Left, why);
            }
            else
            {
                Answer(Head(RingHead.Broken) with { Refusal = why });
            }

            return false;
        }

        Complete();
        return false;
    }

    // The left neighbour may have heard of a sum before this member has: at most a ring's parts are kept of it.
    private bool Stash(MessageArrived arrived, RingHead head)
    {
        if (head.Order <= (attempt?.Order ?? 0) || stash.Count >= 2 * (Cohort.Count + 1) || arrived.Message.Body.Length > 4L * work.Length)
        {
            return false;
        }

        foreach (var old in stash.Where(item => item.Worker == arrived.Worker && Parse(item.Message.Head.Span, RingJson.Default.RingHead).Order < head.Order).ToList())
        {
            stash.Remove(old);
            old.Dispose();
        }

        stash.Add(arrived);
        return true;
    }

    private void SendPart()
    {
        var own = attempt!; // not null: a sum is under way.
        if (own.Members.Count > 1)
        {
            var (step, body) = own.Outgoing();
            Send(own.Right, Head(RingHead.Part) with { Order = own.Order, Coordinator = own.Coordinator.Value, Step = step }, body, () => ReferenceEquals(attempt, own));
        }
    }

    private void Complete()
    {
        if (attempt is not { IsComplete: true } whole || whole.Done.Contains(Self))
        {
            return;
        }

        CrashPoint.Reach("ring-reduced");
        whole.Done.Add(Self);
        if (whole.Coordinator != Self)
        {
            Answer(Head(RingHead.Done) with { Hash = whole.Hash() });
        }
    }

    private void Answer(RingHead head)
    {
        var own = attempt!; // not null: it is about the present sum.
        Send(own.Coordinator, head with { Order = own.Order, Coordinator = own.Coordinator.Value }, default, () => ReferenceEquals(attempt, own));
    }

    private void NoteDone(WorkerId from, string? hash)
    {
        var own = attempt!; // not null: it is ours.
        own.Hashes[from] = hash ?? string.Empty;
        own.Done.Add(from);
    }

    private void Refuse(WorkerId worker, string? why)
    {
        attempt = null;
        if (worker != Self)
        {
            refused[worker] = why ?? "its part of the sum could not be taken";
        }
    }

    private async Task AgreeAsync(RingAttempt whole, CancellationToken cancellationToken)
    {
        var hash = whole.Hash();
        if (whole.Hashes.FirstOrDefault(pair => pair.Value != hash) is { Value: not null } other)
        {
            Refuse(other.Key, "it holds another sum than the coordinator");
            return;
        }

        CrashPoint.Reach("ring-agreed");
        var run = work.Standing.Run.Length > 0 ? work.Standing.Run : Guid.NewGuid().ToString("n");
        var outcome = new RingOutcome(run, whole, Verdicts(whole), Age.TotalSeconds) { Round = work.Standing.Round + 1 };
        var head = Head(RingHead.Commit) with { Order = whole.Order, Coordinator = Self.Value };
        var (result, body) = await work.AgreeAsync(outcome, cancellationToken);
        head = head with { Hash = result, Run = run };
        var standing = work.Standing;
        foreach (var worker in whole.Members.Where(worker => worker != Self && inbox.Present.ContainsKey(worker)))
        {
            Send(worker, head, new ReadOnlySequence<byte>(body), () => work.Standing == standing);
            table[worker] = table[worker]! with { Standing = standing, IsReady = false, Refusal = null, IsSaid = false }; // not null: it took part.
        }

        CrashPoint.Reach("ring-told");
    }

    private async Task FollowAsync(RingHead head, WorkerId from, ReadOnlySequence<byte> body, CancellationToken cancellationToken)
    {
        if (!IsOurs(head) || attempt is not { IsComplete: true } whole || whole.Coordinator != from || head.Hash is null || head.Run is null || head.Standing != work.Standing)
        {
            Tell(from);
            return;
        }

        await work.FollowAsync(new RingOutcome(head.Run, whole, [], Age.TotalSeconds) { Round = work.Standing.Round + 1 }, head.Hash, body, cancellationToken);
    }

    private List<WorkerVerdict> Verdicts(RingAttempt whole)
    {
        return [.. Cohort.Append(Self).OrderBy(worker => worker.Value, StringComparer.Ordinal).Select(Judge)];

        WorkerVerdict Judge(WorkerId worker)
        {
            var place = table[worker];
            if (whole.Weights.GetValueOrDefault(worker.Value) is > 0 and var samples)
            {
                return new() { Worker = worker.Value, Verdict = Verdict.Counted, Samples = samples, Loss = place?.Loss };
            }

            var (verdict, reason) = (refused.GetValueOrDefault(worker) ?? place?.Refusal) is { } why ? (Verdict.Refused, why)
                : worker == Self || inbox.Present.ContainsKey(worker) ? (Verdict.Late, $"no change of it within {Rounds.Deadline.TotalSeconds:0.#} s")
                : seen.Contains(worker) ? (Verdict.Left, "it left, or its device was lost, before the sum was whole")
                : (Verdict.Absent, "it was not there in this round");
            return new() { Worker = worker.Value, Verdict = verdict, Reason = reason };
        }
    }

    // Nobody is left behind who is there, and who restarts at the same time gets a moment to come.
    private async Task AwaitOthersAsync(CancellationToken cancellationToken)
    {
        var since = context.Time.GetTimestamp();
        while (IsCoordinator && end is null && context.Time.GetElapsedTime(since) < Farewell)
        {
            TellIfNew();
            await CoordinateAsync(cancellationToken);
            if (Cohort.TrueForAll(worker => table[worker] is { IsSaid: true } place && place.Standing == work.Standing))
            {
                return;
            }

            await WaitAsync(cancellationToken);
        }
    }

    private async Task LeaveAsync(EndHead? own, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            if (own is not null)
            {
                end = own;
                await channel.BroadcastAsync(new Message { Kind = MessageKind.End, Head = FederatedJson.Write(own, FederatedJson.Default.EndHead) }, inbox.Present.Count, both.Token);
            }

            await channel.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(Self, $"some members of the ring may not have heard that the job is over: {error.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker} cannot read a message of {From}: {Cause}")]
    private static partial void LogUnreadable(ILogger logger, WorkerId worker, WorkerId from, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Worker}: sum {Order} begins anew without {Lost}")]
    private static partial void LogAgain(ILogger logger, WorkerId worker, int order, WorkerId lost);
}
