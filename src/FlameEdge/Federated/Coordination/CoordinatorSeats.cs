using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>A coordinator's three channels, read as one, and who is there.</summary>
internal sealed class CoordinatorSeats : IAsyncDisposable
{
    private readonly RoleContext context;
    private readonly List<ChannelInbox> inboxes;
    private readonly Task<ChannelEvent?>?[] waiting;
    private readonly CancellationTokenSource stopping = new();

    public CoordinatorSeats(RoleContext context)
    {
        this.context = context;
        (Top, Middle, Trainers) = (Towards(Seat.Top), Towards(Seat.Middle), Towards(Seat.Trainer));
        IsAsynchronous = context.Job.Graph.Roles.First(role => role.Name == Top.Endpoint.OtherRole).Program == Programs.AsynchronousAggregator;
        inboxes = [.. new[] { Top, Middle, Trainers }.Select(channel => new ChannelInbox(channel, context.Time))];
        waiting = new Task<ChannelEvent?>?[inboxes.Count];
    }

    private enum Seat
    {
        Top,
        Middle,
        Trainer,
    }

    public IChannel Top { get; }

    public IChannel Middle { get; }

    public IChannel Trainers { get; }

    /// <summary>True where the top waits for nobody.</summary>
    public bool IsAsynchronous { get; }

    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        foreach (var inbox in inboxes)
        {
            await inbox.Source.JoinAsync(new PeerCard(0), cancellationToken);
        }
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        foreach (var inbox in inboxes)
        {
            await inbox.Source.LeaveAsync(cancellationToken);
        }
    }

    /// <summary>The next event of any channel; nothing where <paramref name="wait"/> was over first.</summary>
    public async Task<(IChannel? Channel, ChannelEvent? Item)> NextAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var bound = Task.Delay(wait, context.Time, timer.Token);
        for (var at = 0; at < inboxes.Count; at++)
        {
            // What waits on one goes on waiting while another brings something.
            waiting[at] ??= inboxes[at].NextAsync(null, stopping.Token);
        }

        var first = await Task.WhenAny(waiting.OfType<Task>().Append(bound));
        await timer.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        var found = Array.FindIndex(waiting, task => task == first);
        if (found < 0)
        {
            return (null, null);
        }

        var item = await waiting[found]!; // Not null: it was just found.
        waiting[found] = null;
        return (inboxes[found].Source, item);
    }

    /// <summary>Waits until everybody of the plan is there, at most <paramref name="bound"/>: the first plan is made for all where that costs little.</summary>
    public async Task SettleAsync(TimeSpan bound, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        var expected = context.CohortOf(Middle).Count + context.CohortOf(Trainers).Count;
        while (Present().Count < expected && context.Time.GetElapsedTime(start) < bound)
        {
            await Task.Delay(bound / 20, context.Time, cancellationToken);
        }
    }

    /// <summary>Aggregators in the middle and trainers that are there now.</summary>
    public IReadOnlySet<WorkerId> Present() => Middle.Peers.Concat(Trainers.Peers).Select(peer => peer.Worker).ToHashSet();

    /// <summary>Who can be with whom, by the groups of the channel between them.</summary>
    public IReadOnlyList<PlannedGroup> Groups()
    {
        var (middle, trainer) = (Middle.Endpoint.OtherRole, Trainers.Endpoint.OtherRole);
        var between = context.Job.Graph.Channels.First(channel => channel.Has(middle, FunctionTags.Distribute) && channel.Has(trainer, FunctionTags.Fetch)).Name;
        var trainers = context.CohortOf(Trainers).ToLookup(worker => worker.Groups[between], worker => worker.Id);
        return [.. context.CohortOf(Middle).GroupBy(worker => worker.Groups[between]).Select(group => new PlannedGroup([.. group.Select(worker => worker.Id)], [.. trainers[group.Key]]))];
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var task in waiting.OfType<Task<ChannelEvent?>>())
        {
            try
            {
                (await task as IDisposable)?.Dispose();
            }
            catch (Exception error) when (error is OperationCanceledException or ChannelException)
            {
                // Nobody waits for it any more.
            }
        }

        foreach (var inbox in inboxes)
        {
            await inbox.DisposeAsync();
        }

        stopping.Dispose();
    }

    private IChannel Towards(Seat seat)
    {
        var graph = context.Job.Graph;
        ChannelSpec[] found = [.. graph.Channels.Where(channel => context.Channels.ContainsKey(channel.Name) && SeatOf(channel.OtherThan(context.Worker.Role)) == seat)];
        return found is [var only]
            ? context.Channels[only.Name]
            : throw new TopologyException($"role '{context.Worker.Role}' coordinates and needs one channel each to the top aggregator, the aggregators in the middle and the trainers; it has {found.Length} of the {(seat == Seat.Top ? "first" : seat == Seat.Middle ? "second" : "third")} kind");

        Seat SeatOf(RoleName role) =>
            !graph.Channels.Any(channel => channel.Has(role, FunctionTags.Distribute)) ? Seat.Trainer
            : graph.Channels.Any(channel => channel.Has(role, FunctionTags.Fetch)) ? Seat.Middle
            : Seat.Top;
    }
}
