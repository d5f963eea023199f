using FlameEdge.Channels;
using FlameEdge.Federated.Coordination;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Replicas;

/// <summary>
/// An aggregator's end of replicas: the part of its group's trainers that is its own in a round, by what they announce. Who is not there has a place all the same, with the replica that
/// would be chosen of those anybody works with: so each trainer of the group has a verdict, and counts for one quorum.
/// </summary>
internal sealed class ReplicaShare
{
    /// <summary>What a trainer takes at most to hear that a replica is there and to change to it.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private const int MostDoublings = 6;
    private readonly RoleContext context;
    private readonly ChannelInbox inbox;
    private HashSet<(WorkerId Worker, long Incarnation)> awaitedInVain = [];
    private (string Run, int Round, int Ticket, int Times) behind;

    private ReplicaShare(RoleContext context, ChannelInbox inbox) => (this.context, this.inbox) = (context, inbox);

    private WorkerId Self => context.Worker.Id;

    /// <summary>The one of an aggregator that has equals in its group; null where it is alone, or a coordinator gives it its trainers.</summary>
    public static ReplicaShare? For(RoleContext context, ChannelInbox inbox)
    {
        var end = inbox.Source.Endpoint;
        return PlanFollower.ChannelOf(context) is null && (context.LatestPlan?.Invoke() ?? context.Plan).Members(end.Channel, end.Group, end.Role).Count > 1 ? new(context, inbox) : null;
    }

    /// <summary>Shows trainers that it takes them: it is ready. Those of a replica that was away come back only now.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => inbox.Source.JoinAsync(new PeerCard(0) { Replica = new(Self.Value) }, cancellationToken);

    /// <summary>
    /// Its part as a round begins, which is empty where nobody chose it. Waits a moment for those who are there and have not chosen yet, or would choose this one and may not have heard of it:
    /// they are on their way, or at work with another.
    /// </summary>
    public async Task<List<WorkerId>> MembersAsync(RoundTerms terms, IReadOnlyList<WorkerId> group, Action<ChannelEvent?> note, CancellationToken cancellationToken)
    {
        if (context.Replay is not null)
        {
            return [.. group.Where(worker => Had(worker, terms.Round))];
        }

        var start = context.Time.GetTimestamp();
        var quarter = context.Job.Rounds.Deadline / 4;
        var bound = Sooner(quarter, LongestWait);
        ChannelEvent? item;
        do
        {
            // What came since the last round, for choices are among it; then, where somebody is lacking, what comes.
            item = await inbox.NextAsync(TimeSpan.Zero, cancellationToken) ?? await inbox.NextAsync(WaitFor() - context.Time.GetElapsedTime(start), cancellationToken);

            // Whatever it was, it will be asked for again: its sender keeps it.
            note(item);
            (item as IDisposable)?.Dispose();
        }
        while (item is not null);

        // Nobody is waited for twice: who is long at work with another would hold up every round.
        awaitedInVain = [.. Coming(terms).Select(peer => (peer.Worker, peer.Incarnation))];
        var chosen = inbox.Present.Values.Select(peer => SeatOf(peer, terms)).OfType<WorkerId>().ToHashSet();
        return chosen.Contains(Self) ? [.. group.Where(worker => (inbox.Present.TryGetValue(worker, out var peer) ? SeatOf(peer, terms) : Rendezvous.Of(worker, chosen)) == Self)] : [];

        TimeSpan WaitFor() => inbox.Present.Values.Any(peer => peer.Card.Replica is null) ? bound
            : Coming(terms).Any(peer => !awaitedInVain.Contains((peer.Worker, peer.Incarnation))) ? Sooner(Moment, bound)
            : TimeSpan.Zero;
    }

    /// <summary>
    /// How long to keep a model that is none for the trainer that came, for it has given its update of that round to another; null where there is no such trainer. Doubles where the next one is of
    /// the same round again.
    /// </summary>
    public TimeSpan? PatienceBehind(RoundTerms terms)
    {
        if (context.Replay is not null || !inbox.Present.Values.Any(peer => peer.Card.Replica?.With == Self.Value && SeatOf(peer, terms) != Self))
        {
            return null;
        }

        if (behind.Run != terms.Run || behind.Round != terms.Round)
        {
            behind = (terms.Run, terms.Round, terms.Ticket, 0);
        }
        else if (behind.Ticket != terms.Ticket)
        {
            behind = behind with { Ticket = terms.Ticket, Times = behind.Times + 1 };
        }

        return Moment * (1 << Math.Min(behind.Times, MostDoublings));
    }

    /// <summary>True for a trainer that is there and is its own in this round.</summary>
    public bool Has(WorkerId worker, RoundTerms terms) =>
        context.Replay is not null ? Had(worker, terms.Round) : inbox.Present.TryGetValue(worker, out var peer) && SeatOf(peer, terms) == Self;

    // Who works with another and, by all that is known here, would work with this one.
    private List<Peer> Coming(RoundTerms terms)
    {
        var replicas = inbox.Present.Values.Select(peer => SeatOf(peer, terms)).OfType<WorkerId>().Append(Self).ToHashSet();
        return [.. inbox.Present.Values.Where(peer => peer.Card.Replica is { } choice && choice.With != Self.Value && !IsGiven(choice, terms) && Rendezvous.Of(peer.Worker, replicas) == Self)];
    }

    // In the run that is replayed.
    private bool Had(WorkerId worker, int round) => context.Replay?.Round(round)?.Verdicts.Any(verdict => verdict.Worker == worker.Value && verdict.Via == Self.Value) == true;

    // Who has given its update of the round away stays with whoever has it.
    private static WorkerId? SeatOf(Peer peer, RoundTerms terms) => peer.Card.Replica is not { } choice ? null
        : new(IsGiven(choice, terms) ? choice.Given!.To : choice.With);

    private static bool IsGiven(ReplicaChoice choice, RoundTerms terms) => choice.Given is { } given && given.Run == terms.Run && given.Round == terms.Round;

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
