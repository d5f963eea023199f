using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using Xunit;

namespace FlameEdge.Testing.Channels;

/// <summary>What every backend promises; each backend's tests inherit it.</summary>
public abstract class ChannelContract : IAsyncLifetime
{
    protected static readonly CancellationToken Never = CancellationToken.None;

    private readonly List<Seat> seats = [];
    private IChannelBench? bench;

    protected IChannelBench Bench => bench ?? throw new InvalidOperationException("the bench is not set up");

    public async ValueTask InitializeAsync() => bench = await SetUpAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var seat in seats)
        {
            await seat.DisposeAsync().AsTask().WaitAsync(Seat.Bound);
        }

        if (bench is not null)
        {
            await bench.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Peers_discover_each_other_whoever_comes_first(bool aggregatorFirst)
    {
        var fleet = new Fleet(2);
        Seat aggregator, trainer;
        if (aggregatorFirst)
        {
            aggregator = await SitAsync(fleet.AggregatorEnd());
            trainer = await SitAsync(fleet.TrainerEnd(0), samples: 600);
        }
        else
        {
            trainer = await SitAsync(fleet.TrainerEnd(0), samples: 600);
            aggregator = await SitAsync(fleet.AggregatorEnd());
        }

        await aggregator.MeetsAsync(Fleet.Trainer(0));
        await trainer.MeetsAsync(Fleet.Aggregator);
        Assert.Equal(600, Assert.Single(aggregator.Channel.Peers).Card.Samples);
        await trainer.UntilAsync(events => events.Count > 0, "an event");
        Assert.Equal(new PeerJoined(new Peer(Fleet.Aggregator, 1, new PeerCard(0))), trainer.Events[0]);
    }

    [Fact]
    public async Task A_worker_placed_elsewhere_is_met_there_and_left_where_it_was()
    {
        var fleet = new Fleet(1);
        var aggregator = await SitAsync(fleet.AggregatorEnd());
        var former = await SitAsync(fleet.TrainerEnd(0), samples: 1);
        await aggregator.MeetsAsync(Fleet.Trainer(0));
        var elsewhere = new AgentId("elsewhere");
        var moved = await SitAsync(fleet.TrainerEnd(0) with { Agent = elsewhere, Incarnation = 2 }, samples: 2);

        await ((IPlacedChannel)aggregator.Channel).PlaceAsync(new Dictionary<WorkerId, AgentId> { [Fleet.Trainer(0)] = elsewhere }, Never);

        await aggregator.UntilAsync(events => events.OfType<PeerLeft>().Any() && events.Last(happened => happened is PeerJoined) is PeerJoined { Peer: { Incarnation: 2, Card.Samples: 2 } }, "the move");
        await moved.MeetsAsync(Fleet.Aggregator);
        await aggregator.Channel.SendAsync(Fleet.Trainer(0), Update([1, 2, 3]), Never).WaitAsync(Seat.Bound);
        await moved.ReceivesAsync(1);
        Assert.Empty(former.Messages);
    }

    [Fact]
    public async Task A_worker_without_a_place_any_more_has_left()
    {
        var fleet = new Fleet(2);
        var (aggregator, _) = await SitAsync(fleet, 2);
        await aggregator.MeetsAsync(Fleet.Trainer(0), Fleet.Trainer(1));
        var rest = aggregator.Channel.Endpoint.Placement.Where(placed => placed.Key != Fleet.Trainer(1)).ToDictionary();

        await ((IPlacedChannel)aggregator.Channel).PlaceAsync(rest, Never);

        await aggregator.UntilAsync(events => events.OfType<PeerLeft>().Any(left => left.Worker == Fleet.Trainer(1)), "the departure");
        Assert.Equal([Fleet.Trainer(0)], aggregator.Channel.Peers.Select(peer => peer.Worker));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public async Task A_small_message_arrives_intact(int bytes) => await SendsAsync(bytes);

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_message_around_one_chunk_arrives_intact(int difference) => await SendsAsync(Bench.ChunkBytes + difference);

    [Fact]
    public async Task A_message_of_several_megabytes_arrives_intact() => await SendsAsync(5_000_003);

    [Fact]
    public async Task A_sender_may_reuse_its_buffer_once_a_send_completes()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(1), 1);
        var body = Bytes(1_000_000, seed: 3);
        var expected = body.ToArray();

        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(body), Never).WaitAsync(Seat.Bound);
        Array.Clear(body);

        await aggregator.ReceivesAsync(1);
        Assert.Equal(expected, aggregator.Messages.Single().Body);
    }

    [Fact]
    public async Task A_broadcast_reaches_everybody_present_once()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(4), 4);
        var body = Bytes(3_000_000, seed: 5);

        await aggregator.Channel.BroadcastAsync(Model(body, round: 7), quorum: 4, Never).WaitAsync(Seat.Bound);

        foreach (var trainer in trainers)
        {
            await trainer.ReceivesAsync(1);
            var message = Assert.Single(trainer.Messages);
            Assert.Equal(7, message.Round);
            Assert.Equal(body, message.Body);
        }
    }

    [Fact]
    public async Task A_broadcast_with_a_smaller_quorum_still_reaches_the_rest()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(4), 4);
        var body = Bytes(3_000_000, seed: 6);

        await aggregator.Channel.BroadcastAsync(Model(body, round: 1), quorum: 1, Never).WaitAsync(Seat.Bound);

        foreach (var trainer in trainers)
        {
            await trainer.ReceivesAsync(1);
            Assert.Equal(body, trainer.Messages.Single().Body);
        }
    }

    [Fact]
    public async Task A_broadcast_to_nobody_completes()
    {
        var aggregator = await SitAsync(new Fleet(2).AggregatorEnd());

        await aggregator.Channel.BroadcastAsync(Model(Bytes(10, seed: 1), round: 1), quorum: 2, Never).WaitAsync(Seat.Bound);
    }

    [Fact]
    public async Task Many_small_messages_of_many_senders_arrive_exactly_once()
    {
        const int Senders = 4, Each = 50;
        var (aggregator, trainers) = await SitAsync(new Fleet(Senders), Senders);

        await Task.WhenAll(trainers.Select(async trainer =>
        {
            for (var round = 1; round <= Each; round++)
            {
                await trainer.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(round, seed: round), round), Never);
            }
        })).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(Senders * Each);
        foreach (var trainer in trainers)
        {
            var rounds = aggregator.Messages.Where(message => message.From == trainer.Channel.Endpoint.Self).Select(message => message.Round);
            Assert.Equal(Enumerable.Range(1, Each), rounds);
        }
    }

    [Fact]
    public async Task Large_updates_of_many_senders_at_once_arrive_exactly_once()
    {
        const int Senders = 8;
        var (aggregator, trainers) = await SitAsync(new Fleet(Senders), Senders);

        await Task.WhenAll(trainers.Select((trainer, index) => trainer.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(1_500_000, index)), Never))).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(Senders);
        for (var index = 0; index < Senders; index++)
        {
            Assert.Equal(Bytes(1_500_000, index), aggregator.Messages.Single(message => message.From == Fleet.Trainer(index)).Body);
        }
    }

    [Fact]
    public async Task Sending_to_the_absent_fails_at_once()
    {
        var aggregator = await SitAsync(new Fleet(2).AggregatorEnd());

        var failure = await Assert.ThrowsAsync<ChannelException>(() => aggregator.Channel.SendAsync(Fleet.Trainer(1), Update([]), Never).WaitAsync(Seat.Bound));

        Assert.Equal(ChannelFault.PeerLeft, failure.Fault);
    }

    [Fact]
    public async Task A_head_beyond_its_bound_is_refused_at_the_door()
    {
        var (_, trainers) = await SitAsync(new Fleet(1), 1);

        await Assert.ThrowsAsync<ArgumentException>(
            () => trainers[0].Channel.SendAsync(Fleet.Aggregator, new Message { Kind = MessageKind.User, Head = new byte[MessageLimits.HeadBytes + 1] }, Never));
    }

    [Fact]
    public async Task Who_disposes_a_channel_has_left()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(2), 2);

        await trainers[0].DisposeAsync();

        await aggregator.UntilAsync(events => events.Contains(new PeerLeft(Fleet.Trainer(0))), "departure of trainer_0");
        Assert.Equal(Fleet.Trainer(1), Assert.Single(aggregator.Channel.Peers).Worker);
    }

    [Fact]
    public async Task Who_leaves_may_join_again_and_is_heard()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(1), 1);

        await trainers[0].Channel.LeaveAsync(Never).WaitAsync(Seat.Bound);
        await aggregator.UntilAsync(events => events.Contains(new PeerLeft(Fleet.Trainer(0))), "departure");
        Assert.Empty(trainers[0].Channel.Peers);
        await trainers[0].Channel.JoinAsync(new PeerCard(5), Never).WaitAsync(Seat.Bound);
        await aggregator.MeetsAsync(Fleet.Trainer(0));
        await trainers[0].MeetsAsync(Fleet.Aggregator);
        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(Bytes(10, seed: 1)), Never).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(1);
        Assert.Equal(2, aggregator.Events.OfType<PeerJoined>().Count());
    }

    [Fact]
    public async Task A_newer_run_takes_a_workers_place_without_a_departure()
    {
        var fleet = new Fleet(1);
        var (aggregator, _) = await SitAsync(fleet, 1);

        var newer = await SitAsync(fleet.TrainerEnd(0, incarnation: 2), samples: 9);

        await aggregator.UntilAsync(events => events.Contains(new PeerJoined(new Peer(Fleet.Trainer(0), 2, new PeerCard(9)))), "arrival of the newer run");
        Assert.DoesNotContain(aggregator.Events, happened => happened is PeerLeft);
        await newer.MeetsAsync(Fleet.Aggregator);
        await newer.Channel.SendAsync(Fleet.Aggregator, Update(Bytes(10, seed: 1)), Never).WaitAsync(Seat.Bound);
        await aggregator.ReceivesAsync(1);
    }

    [Fact]
    public async Task A_worker_the_plan_does_not_put_here_is_not_seen()
    {
        var fleet = new Fleet(1);
        var (aggregator, _) = await SitAsync(fleet, 1);

        var stranger = await SitAsync(new Fleet(2).TrainerEnd(1));
        var impostor = await SitAsync(new Fleet(1, trainerAgent: _ => "elsewhere").TrainerEnd(0, incarnation: 9));

        // The two see the aggregator, so whatever would reach it has had its chance when its true trainer is heard again.
        await stranger.MeetsAsync(Fleet.Aggregator);
        await impostor.MeetsAsync(Fleet.Aggregator);
        Assert.Equal(new Peer(Fleet.Trainer(0), 1, new PeerCard(0)), Assert.Single(aggregator.Channel.Peers));
    }

    [Fact]
    public async Task Traffic_counts_what_was_moved()
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(1), 1);

        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(Bytes(1_000_000, seed: 1)), Never).WaitAsync(Seat.Bound);
        await aggregator.ReceivesAsync(1);

        Assert.InRange(((IMeteredChannel)trainers[0].Channel).Traffic.Sent, 1_000_000, 1_100_000);
        Assert.InRange(((IMeteredChannel)aggregator.Channel).Traffic.Received, 1_000_000, 1_100_000);
    }

    /// <summary>An empty world, or a skip that says why there is none.</summary>
    protected abstract ValueTask<IChannelBench> SetUpAsync();

    protected static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static Message Update(byte[] body, int round = 1) =>
        new() { Kind = MessageKind.Update, Round = round, Head = "{\"samples\":600}"u8.ToArray(), Body = new ReadOnlySequence<byte>(body) };

    protected static Message Model(byte[] body, int round) =>
        new() { Kind = MessageKind.Model, Round = round, Head = "{}"u8.ToArray(), Body = new ReadOnlySequence<byte>(body) };

    protected async Task<Seat> SitAsync(ChannelEndpoint endpoint, long samples = 0)
    {
        var seat = await Seat.TakeAsync(await Bench.BackendAsync(endpoint.Agent), endpoint, samples);
        seats.Add(seat);
        return seat;
    }

    protected async Task<(Seat Aggregator, Seat[] Trainers)> SitAsync(Fleet fleet, int trainerCount)
    {
        var aggregator = await SitAsync(fleet.AggregatorEnd());
        var trainers = await Task.WhenAll(Enumerable.Range(0, trainerCount).Select(index => SitAsync(fleet.TrainerEnd(index))));
        await aggregator.MeetsAsync([.. Enumerable.Range(0, trainerCount).Select(Fleet.Trainer)]);
        foreach (var trainer in trainers)
        {
            await trainer.MeetsAsync(Fleet.Aggregator);
        }

        return (aggregator, trainers);
    }

    private async Task SendsAsync(int bytes)
    {
        var (aggregator, trainers) = await SitAsync(new Fleet(1), 1);
        var body = Bytes(bytes, seed: bytes + 1);

        await trainers[0].Channel.SendAsync(Fleet.Aggregator, Update(body, round: 3), Never).WaitAsync(Seat.Bound);

        await aggregator.ReceivesAsync(1);
        var message = Assert.Single(aggregator.Messages);
        Assert.Equal((MessageKind.Update, 3, Fleet.Trainer(0)), (message.Kind, message.Round, message.From));
        Assert.Equal("{\"samples\":600}"u8.ToArray(), message.Head);
        Assert.Equal(body, message.Body);
    }
}
