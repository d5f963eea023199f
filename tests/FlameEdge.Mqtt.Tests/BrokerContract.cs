using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Diagnostics;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests;

/// <summary>The channel contract, and what a broker and its connections add to it.</summary>
/// <remarks>One broker at a time (a collection of that name): two on a small machine measure its processor and not our code.</remarks>
public abstract class BrokerContract : ChannelContract
{
    private protected BrokerBench World => (BrokerBench)Bench;

    protected sealed override async ValueTask<IChannelBench> SetUpAsync() => new BrokerBench(await StartBrokerAsync());

    private protected abstract Task<ITestBroker> StartBrokerAsync();

    [Fact]
    public async Task Two_workers_on_one_killed_connection_both_leave()
    {
        var fleet = new Fleet(3, trainerAgent: index => index < 2 ? "shared" : "own");
        var (aggregator, _) = await SitAsync(fleet, 3);

        World.CableOf(new AgentId("shared")).Cut(staysDown: true);

        await aggregator.UntilAsync(events => events.Contains(new PeerLeft(Fleet.Trainer(0))) && events.Contains(new PeerLeft(Fleet.Trainer(1))), "both departures");
        Assert.Equal(Fleet.Trainer(2), Assert.Single(aggregator.Channel.Peers).Worker);
        World.CableOf(new AgentId("shared")).Restore();
        await aggregator.MeetsAsync(Fleet.Trainer(0), Fleet.Trainer(1));
    }

    [Fact]
    public async Task A_run_is_seen_by_the_next_one_until_it_takes_leave()
    {
        var fleet = new Fleet(1);
        var (_, trainers) = await SitAsync(fleet, 1);
        var end = trainers[0].Channel.Endpoint;
        var session = await World.SessionAsync(end.Agent.Value);

        var before = await session.SeenIncarnationAsync([end with { Incarnation = 0 }], Never);
        await World.RestartAsync(end.Agent);
        var next = await World.SessionAsync(end.Agent.Value);
        var seen = await next.SeenIncarnationAsync([end with { Group = new GroupName("elsewhere") }, end with { Incarnation = 0 }], Never);
        var stranger = await next.SeenIncarnationAsync([end with { Group = new GroupName("elsewhere") }], Never);

        Assert.Equal((end.Incarnation, end.Incarnation, 0), (before, seen, stranger));
    }

    [Fact]
    public async Task A_connection_that_comes_back_quickly_makes_nobody_leave()
    {
        var fleet = new Fleet(2, trainerAgent: _ => "shared");
        var (aggregator, trainers) = await SitAsync(fleet, 2);

        World.CableOf(new AgentId("shared")).Cut();
        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(Bytes(500_000, 1)), Never).WaitAsync(Seat.Bound);
        await OutliveGraceAsync(aggregator, trainers[1]);

        Assert.DoesNotContain(aggregator.Events, happened => happened is PeerLeft);
    }

    [Fact]
    public async Task A_new_connection_before_the_old_is_noticed_makes_nobody_leave()
    {
        var fleet = new Fleet(2, trainerAgent: _ => "shared");
        var (aggregator, trainers) = await SitAsync(fleet, 2);

        // The old connection hangs; the agent notices by its keep-alive and takes its own place, and the broker posts the old one's will.
        World.CableOf(new AgentId("shared")).Freeze();
        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(Bytes(500_000, 1)), Never).WaitAsync(Seat.Bound);
        await OutliveGraceAsync(aggregator, trainers[1]);

        Assert.DoesNotContain(aggregator.Events, happened => happened is PeerLeft);
    }

    [Fact]
    public async Task A_process_that_restarts_before_the_old_is_noticed_makes_nobody_leave()
    {
        var fleet = new Fleet(2, trainerAgent: _ => "shared");
        var (aggregator, _) = await SitAsync(fleet, 2);

        await World.RestartAsync(new AgentId("shared"));
        var first = await SitAsync(fleet.TrainerEnd(0, incarnation: 2));
        var second = await SitAsync(fleet.TrainerEnd(1, incarnation: 2));
        await first.MeetsAsync(Fleet.Aggregator);
        await second.MeetsAsync(Fleet.Aggregator);
        await first.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(500_000, 1)), Never).WaitAsync(Seat.Bound);
        await OutliveGraceAsync(aggregator, second);

        Assert.DoesNotContain(aggregator.Events, happened => happened is PeerLeft);
        Assert.All(aggregator.Channel.Peers, peer => Assert.Equal(2, peer.Incarnation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_broker_that_restarts_in_mid_transfer_loses_nothing_and_doubles_nothing(bool keepsData)
    {
        const int Senders = 3;
        var (aggregator, trainers) = await SitAsync(new Fleet(Senders), Senders);
        var sends = trainers.Select((trainer, index) => trainer.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(20_000_000, index)), Never)).ToList();
        sends.Add(aggregator.Channel.BroadcastAsync(Model(Bytes(20_000_000, 99), round: 1), Senders, Never));
        await UntilMovingAsync(aggregator);

        await World.Broker.RestartAsync(keepsData);

        await Task.WhenAll(sends).WaitAsync(Seat.Bound);
        await aggregator.ReceivesAsync(Senders);
        foreach (var (trainer, index) in trainers.Select((trainer, index) => (trainer, index)))
        {
            await trainer.ReceivesAsync(1);
            Assert.Equal(Bytes(20_000_000, 99), Assert.Single(trainer.Messages).Body);
            Assert.Equal(Bytes(20_000_000, index), Assert.Single(aggregator.Messages, message => message.From == Fleet.Trainer(index)).Body);
        }

        await aggregator.MeetsAsync([.. Enumerable.Range(0, Senders).Select(Fleet.Trainer)]);
        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update([1], round: 2), Never).WaitAsync(Seat.Bound);
    }

    [Fact]
    public async Task After_a_broker_restarts_empty_newcomers_find_everybody()
    {
        var fleet = new Fleet(2);
        var (aggregator, _) = await SitAsync(fleet, 1);

        await World.Broker.RestartAsync(keepsData: false);
        var newcomer = await SitAsync(fleet.TrainerEnd(1));

        await aggregator.MeetsAsync(Fleet.Trainer(0), Fleet.Trainer(1));
        await newcomer.MeetsAsync(Fleet.Aggregator);
    }

    [Fact]
    public async Task A_cut_in_mid_broadcast_is_repaired_for_the_one_that_was_cut_off()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(3), 3);
        var body = Bytes(30_000_000, 4);
        var broadcast = aggregator.Channel.BroadcastAsync(Model(body, round: 1), quorum: 2, Never);
        await UntilMovingAsync(trainers[0]);

        World.CableOf(new Fleet(3).TrainerAgent(0)).Cut();

        await broadcast.WaitAsync(Seat.Bound);
        await trainers[0].ReceivesAsync(1);
        Assert.Equal(body, Assert.Single(trainers[0].Messages).Body);
    }

    [Fact]
    public async Task Strangers_and_malformed_packets_are_counted_and_dropped()
    {
        var fleet = new Fleet(1);
        var (aggregator, trainers) = await SitAsync(fleet, 1);
        var hostile = await World.SessionAsync("hostile");
        var topics = new TopicScheme("flameedge");
        var stranger = topics.Data(fleet.TrainerEnd(0) with { Agent = new AgentId("hostile") }, Fleet.Aggregator);
        var asTrainer = topics.Data(fleet.TrainerEnd(0), Fleet.Aggregator);

        await hostile.Control.PublishAsync(stranger, Bytes(200, 1), retain: false, Never);
        await hostile.Control.PublishAsync(asTrainer, Bytes(200, 2), retain: false, Never);
        await hostile.Control.PublishAsync(asTrainer, Array.Empty<byte>(), retain: false, Never);
        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update([7]), Never).WaitAsync(Seat.Bound);
        await aggregator.ReceivesAsync(1);

        var drops = ((IChannelDiagnostics)aggregator.Channel).Drops;
        Assert.Equal(1, drops.Strangers);
        Assert.Equal(2, drops.Malformed);
        Assert.Single(aggregator.Messages);
    }

    [Fact]
    public async Task Assembled_bytes_stay_within_their_bound_however_many_send_at_once()
    {
        const int Senders = 6, Size = 3_000_000;
        World.Configure = options => options.Transfer.MaximumAssemblyBytes = 2 * Size;
        var (aggregator, trainers) = await SitAsync(new Fleet(Senders), Senders);

        await Task.WhenAll(trainers.Select((trainer, index) => trainer.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(Size, index)), Never))).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(Senders);
        Assert.InRange(((IChannelDiagnostics)aggregator.Channel).PeakAssemblyBytes, Size, 2 * Size);
    }

    [Fact]
    public async Task A_message_beyond_the_receivers_bound_is_refused()
    {
        World.Configure = options => options.Transfer.MaximumAssemblyBytes = 1_000_000;
        var (_, trainers) = await SitAsync(new Fleet(1), 1);

        var failure = await Assert.ThrowsAsync<ChannelException>(() => trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(new byte[1_000_001]), Never).WaitAsync(Seat.Bound));

        Assert.Equal(ChannelFault.Refused, failure.Fault);
    }

    [Fact]
    public async Task Large_bodies_are_assembled_in_files_that_leave_nothing_behind()
    {
        var folder = Directory.CreateTempSubdirectory("flameedge-assembly-");
        World.Configure = options => options.Transfer.AssemblyFolder = folder.FullName;
        var (aggregator, trainers) = await SitAsync(new Fleet(1), 1);
        var body = Bytes(10_000_001, 8);

        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(body), Never).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(1);
        Assert.Equal(body, aggregator.Messages.Single().Body);
        Assert.Empty(folder.GetFiles());
        folder.Delete();
    }

    [Fact]
    public async Task A_retained_notice_is_read_by_who_comes_later_and_survives_an_empty_broker()
    {
        var writer = await World.SessionAsync("writer");
        var state = BulletinTopic.OfJob(new JobId("digits"), new AgentId("writer"), BulletinKind.State);
        await writer.Bulletin.PostAsync(state, "{\"state\":\"running\"}"u8.ToArray(), Never).WaitAsync(Seat.Bound);
        await World.Broker.RestartAsync(keepsData: false);

        var reader = await World.SessionAsync("reader");
        var found = await reader.Bulletin.ReadAsync(BulletinTopic.AnyOfJob(new JobId("digits"), BulletinKind.State), Seat.Bound, Never);

        Assert.Equal(state, found?.Topic);
        Assert.Equal("{\"state\":\"running\"}"u8.ToArray(), found?.Json.ToArray());
    }

    [Fact]
    public async Task A_notice_nobody_posts_is_waited_for_within_the_bound()
    {
        var reader = await World.SessionAsync("reader");

        Assert.Null(await reader.Bulletin.ReadAsync(BulletinTopic.AnyOfJob(new JobId("digits"), BulletinKind.State), TimeSpan.FromMilliseconds(100), Never));
    }

    /// <summary>Waits until a departure caused before this call would have been told: a worker is cut off for good and its departure seen.</summary>
    private async Task OutliveGraceAsync(Seat aggregator, Seat survivor)
    {
        await survivor.Channel.SendAsync(Fleet.Aggregator, Update([1], round: 9), Never).WaitAsync(Seat.Bound);
        using var probe = new PeriodicTimer(TimeSpan.FromSeconds(2.5), TimeProvider.System);
        await probe.WaitForNextTickAsync();
        await survivor.Channel.SendAsync(Fleet.Aggregator, Update([2], round: 10), Never).WaitAsync(Seat.Bound);
        await aggregator.UntilAsync(events => events.OfType<Received>().Any(message => message.Round == 10), "a message after the grace");
    }

    private protected static async Task UntilMovingAsync(Seat seat)
    {
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        using var bound = new CancellationTokenSource(Seat.Bound);
        while (((IMeteredChannel)seat.Channel).Traffic.Received < 2_000_000)
        {
            await poll.WaitForNextTickAsync(bound.Token);
        }
    }
}
