using System.Diagnostics;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Federated;
using FlameEdge.Federated.Replicas;
using FlameEdge.Parameters;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Replicas;

/// <summary>What becomes of one update when its replica dies: nobody else may ever have it.</summary>
public sealed class ReplicaChooserTests : IAsyncLifetime
{
    private static readonly WorkerId Trainer = new("trainer_0");
    private readonly JobPlan plan = ReplicatedJobs.Plan(1, 2, new RoundSpec { Count = 1 }, new TrainingSpec());
    private readonly MemoryChannelBackend backend = new(new MemoryHub());
    private readonly MemoryStateStore state = new();
    private readonly Dictionary<WorkerId, ChannelInbox> inboxes = [];
    private readonly Dictionary<WorkerId, ReplicaShare> shares = [];
    private ReplicaChooser? chooser;

    public async ValueTask InitializeAsync()
    {
        foreach (var id in new[] { ReplicatedJobs.Middle(0), ReplicatedJobs.Middle(1) })
        {
            var context = await ContextAsync(id);
            inboxes[id] = new ChannelInbox(context.Channels[new("param")], TimeProvider.System);
            shares[id] = ReplicaShare.For(context, inboxes[id])!;
            await shares[id].OpenAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (chooser is not null)
        {
            await chooser.DisposeAsync();
        }

        foreach (var inbox in inboxes.Values)
        {
            await inbox.DisposeAsync();
        }

        await backend.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_update_bound_to_a_replica_that_dies_is_no_others_and_the_next_one_is(bool isTrainerKilledToo)
    {
        await StartAsync();
        var (first, other) = await SettledAsync();
        Assert.True(shares[first].Has(Trainer, Round(3)));
        Assert.False(shares[other].Has(Trainer, Round(3)));

        chooser!.Work();
        var (to, change) = chooser.Bind("run", 3, first);
        await state.CommitAsync([change], TestContext.Current.CancellationToken);
        if (isTrainerKilledToo)
        {
            await chooser.DisposeAsync();
            await inboxes[first].Source.LeaveAsync(TestContext.Current.CancellationToken);
            await StartAsync();
        }
        else
        {
            await inboxes[first].Source.LeaveAsync(TestContext.Current.CancellationToken);
            chooser.Review();
        }

        await HeardAsync(other, card => card.Replica?.With == other.Value);
        Assert.Equal(first, to);
        Assert.Equal(first, chooser.HolderOf("run", 3));
        Assert.False(shares[other].Has(Trainer, Round(3)));
        Assert.True(shares[other].Has(Trainer, Round(4)));

        // Another model of the same round is nothing to the trainer either.
        var asked = new[] { Round(3), Round(3), Round(3) with { Ticket = 1 }, Round(3) with { Ticket = 2 }, Round(4) };
        Assert.Equal([1, 1, 2, 4, null], asked.Select(terms => shares[other].PatienceBehind(terms) / ReplicaShare.Moment));
        Assert.Equal(first, chooser.Bind("run", 3, other).To);
        Assert.Equal(other, chooser.Bind("run", 4, other).To);
    }

    [Fact]
    public async Task A_trainer_at_work_for_a_replica_that_dies_brings_its_update_to_the_other()
    {
        await StartAsync();
        var (first, other) = await SettledAsync();
        chooser!.Work();

        await inboxes[first].Source.LeaveAsync(TestContext.Current.CancellationToken);
        chooser.Review();
        await HeardAsync(other, card => card.Replica?.With == other.Value);

        Assert.True(shares[other].Has(Trainer, Round(3)));
        Assert.Equal(other, chooser.Bind("run", 3, first).To);
    }

    [Fact]
    public async Task A_replica_that_is_back_waits_once_for_a_trainer_at_work_with_another()
    {
        await StartAsync();
        var (first, other) = await SettledAsync();
        await inboxes[first].Source.LeaveAsync(TestContext.Current.CancellationToken);
        chooser!.Review();
        await HeardAsync(other, card => card.Replica?.With == other.Value);
        chooser.Work();
        await shares[first].OpenAsync(TestContext.Current.CancellationToken);
        await HeardAsync(first, card => card.Replica?.With == other.Value);

        Assert.InRange(await TimeOfAsync(3, []), ReplicaShare.Moment * 0.9, TimeSpan.MaxValue);
        Assert.InRange(await TimeOfAsync(4, []), TimeSpan.Zero, ReplicaShare.Moment * 0.5);
        chooser.Rest();
        await HeardAsync(first, card => card.Replica?.With == first.Value);
        Assert.InRange(await TimeOfAsync(5, [Trainer]), TimeSpan.Zero, ReplicaShare.Moment * 0.5);

        async Task<TimeSpan> TimeOfAsync(int round, IEnumerable<WorkerId> members)
        {
            var start = Stopwatch.GetTimestamp();
            Assert.Equal(members, await shares[first].MembersAsync(Round(round), [Trainer], _ => { }, TestContext.Current.CancellationToken));
            return Stopwatch.GetElapsedTime(start);
        }
    }

    private async Task StartAsync()
    {
        var context = await ContextAsync(Trainer);
        var channel = context.Channels[new("param")];
        chooser = ReplicaChooser.For(context, channel)!;
        await chooser.JoinAsync(new PeerCard(40), TestContext.Current.CancellationToken);
    }

    // The replica that is best for the trainer, and the other one, once both have heard of it.
    private async Task<(WorkerId First, WorkerId Other)> SettledAsync()
    {
        var first = Rendezvous.Of(Trainer, inboxes.Keys)!.Value; // Not null: there are two.
        chooser!.Review();
        foreach (var replica in inboxes.Keys)
        {
            await HeardAsync(replica, card => card.Replica?.With == first.Value);
        }

        return (first, inboxes.Keys.Single(replica => replica != first));
    }

    // Reads what a replica has heard until the trainer's card is as it must be.
    private async Task<PeerCard> HeardAsync(WorkerId replica, Func<PeerCard, bool>? isIt = null)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (inboxes[replica].Present.TryGetValue(Trainer, out var peer) && peer.Card.Replica is not null && isIt?.Invoke(peer.Card) != false)
            {
                return peer.Card;
            }

            await inboxes[replica].NextAsync(TimeSpan.FromSeconds(20), bound.Token);
        }
    }

    private static RoundTerms Round(int number) => new("run", number, "base", SumStep.For(100, 1));

    private long incarnation;

    private Task<RoleContext> ContextAsync(WorkerId id) => LoneWorker.ContextAsync(backend, plan, id, new(id == Trainer ? "middle" : "trainer"), state, ++incarnation);
}
