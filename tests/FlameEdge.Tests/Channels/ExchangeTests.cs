using System.Buffers;
using CsCheck;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Diagnostics;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Channels;

/// <summary>Whatever the network does, each message is delivered whole and once.</summary>
public sealed class ExchangeTests
{
    private static readonly TransferOptions Small = new() { ChunkBytes = 1000, WindowBytes = 16_000, StallAfter = TimeSpan.FromMilliseconds(200), RepeatAfter = TimeSpan.FromMilliseconds(100), MaximumTries = 100 };

    [Fact]
    public void A_send_survives_loss_repetition_disorder_and_damage() =>
        Gen.Select(Gen.Int, Gen.Double[0, 0.3], Gen.Double[0, 0.3], Gen.Double[0, 1], Gen.Int[0, 60_000]).Sample(
            (seed, loss, repeats, reorders, bytes) => SendAsync(seed, loss, repeats, reorders, bytes).GetAwaiter().GetResult(), iter: 30, threads: 1);

    [Fact]
    public void A_broadcast_survives_loss_repetition_disorder_and_damage() =>
        Gen.Select(Gen.Int, Gen.Double[0, 0.3], Gen.Double[0, 0.3], Gen.Double[0, 1], Gen.Int[0, 60_000]).Sample(
            (seed, loss, repeats, reorders, bytes) => BroadcastAsync(seed, loss, repeats, reorders, bytes).GetAwaiter().GetResult(), iter: 20, threads: 1);

    [Fact]
    public async Task A_broadcast_that_loses_nothing_is_published_once()
    {
        // On a busy machine network time outruns the pumps' threads: that must not pass for a loss here.
        var patient = new TransferOptions { ChunkBytes = Small.ChunkBytes, WindowBytes = Small.WindowBytes, StallAfter = TimeSpan.FromMinutes(1), RepeatAfter = TimeSpan.FromMinutes(1), ReceiptTimeout = TimeSpan.FromMinutes(9) };
        await using var network = new LossyNetwork(1, 0, 0, 0);
        var fleet = new Fleet(5);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), patient);
        var trainers = Enumerable.Range(0, 5).Select(index => network.Join(fleet.TrainerEnd(index), patient)).ToList();
        network.MeetAll();

        await network.RunAsync(aggregator.Channel.BroadcastAsync(MessageOf(100_000, 1), 5, CancellationToken.None));

        Assert.InRange(network.BytesFrom(Fleet.Aggregator), 100_000, 115_000);
        await Task.WhenAll(trainers.Select(trainer => trainer.ReceivesAsync(1)));
    }

    [Fact]
    public async Task What_is_under_way_stays_within_the_receivers_window()
    {
        await using var network = new LossyNetwork(1, 0, 0, 0);
        var fleet = new Fleet(3);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        var trainers = Enumerable.Range(0, 3).Select(index => network.Join(fleet.TrainerEnd(index), Small)).ToList();
        network.MeetAll();

        await network.RunAsync(Task.WhenAll(trainers.Select((trainer, index) => trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(200_000, index), CancellationToken.None))));

        // The window shrinks only as chunks arrive, so what was granted before the second sender came is still good; headers and answers come on top.
        Assert.InRange(network.PeakUnderWayBytes, Small.ChunkBytes, 2 * Small.WindowBytes);
    }

    [Theory]
    [InlineData(3, long.MaxValue)]
    [InlineData(int.MaxValue, 3_000)]
    public async Task What_is_under_way_stays_within_what_the_broker_keeps(int packets, long bytes)
    {
        await using var network = new LossyNetwork(1, 0, 0, 0) { Room = (packets, bytes) };
        var fleet = new Fleet(1);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();

        await network.RunAsync(trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(200_000, 1), CancellationToken.None));

        // Three chunks, their headers, answers, and one that a busy machine took for lost.
        Assert.InRange(network.PeakUnderWayBytes, Small.ChunkBytes, 5 * Small.ChunkBytes);
    }

    [Fact]
    public async Task A_silent_peer_fails_the_send_in_bounded_time()
    {
        await using var network = new LossyNetwork(1, loss: 1, 0, 0);
        var fleet = new Fleet(1);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();

        var failure = await Assert.ThrowsAsync<ChannelException>(() => network.RunAsync(trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(10, 1), CancellationToken.None)));

        Assert.Equal(ChannelFault.TimedOut, failure.Fault);
    }

    [Fact]
    public async Task A_broadcast_ends_when_the_rest_have_fallen_silent()
    {
        await using var network = new LossyNetwork(1, loss: 1, 0, 0);
        var fleet = new Fleet(2);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();

        await network.RunAsync(aggregator.Channel.BroadcastAsync(MessageOf(50_000, 1), 1, CancellationToken.None));

        Assert.Empty(trainer.Messages);
    }

    [Fact]
    public async Task Who_does_not_read_makes_its_senders_wait_and_loses_nothing()
    {
        await using var network = new LossyNetwork(1, 0, 0, 0);
        var fleet = new Fleet(1);
        var tight = new TransferOptions { ChunkBytes = 1000, MailboxCapacity = 2, RepeatAfter = TimeSpan.FromMilliseconds(100) };
        var slow = network.JoinUnread(fleet.AggregatorEnd(), tight);
        await using var trainer = network.Join(fleet.TrainerEnd(0), tight);
        network.MeetAll();
        var sends = Enumerable.Range(0, 5).Select(index => trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(10, index), CancellationToken.None)).ToList();

        // Time here is no computing time: on a loaded machine it passes before the packets do.
        for (var pass = 0; pass < 100 && sends.Count(send => send.IsCompleted) < 2; pass++)
        {
            await network.RunAsync(network.PassAsync(TimeSpan.FromSeconds(1)));
        }

        await network.RunAsync(Task.WhenAny(Task.WhenAll(sends), network.PassAsync(TimeSpan.FromSeconds(5))));

        Assert.Equal(2, sends.Count(send => send.IsCompletedSuccessfully));
        await using var reader = new Seat(slow);
        await network.RunAsync(Task.WhenAll(sends));
        await reader.ReceivesAsync(5);
    }

    [Theory]
    [InlineData(50_000)]
    [InlineData(500)]
    public async Task Nobody_has_the_whole_message_before_what_it_waits_for(int bytes)
    {
        await using var network = new LossyNetwork(1, 0, 0, 0);
        var fleet = new Fleet(1);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();
        var durable = new TaskCompletionSource();

        var sending = trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(bytes, 1) with { Until = durable.Task }, CancellationToken.None);
        await network.RunAsync(network.PassAsync(TimeSpan.FromSeconds(5)));
        var (early, before) = (aggregator.Messages.Count(), network.BytesFrom(Fleet.Trainer(0)));
        durable.SetResult();
        await network.RunAsync(sending);

        Assert.Equal(0, early);
        await aggregator.ReceivesAsync(1);
        Assert.Equal(MessageOf(bytes, 1).Body.ToArray(), aggregator.Messages.Single().Body);

        // Of a long one all but the last piece travels meanwhile.
        Assert.InRange(before, bytes > Small.ChunkBytes ? bytes - Small.ChunkBytes : 0, bytes > Small.ChunkBytes ? 2 * bytes : 0);
    }

    [Fact]
    public async Task A_message_whose_condition_fails_is_given_up_with_its_cause()
    {
        await using var network = new LossyNetwork(1, 0, 0, 0);
        var fleet = new Fleet(1);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();
        var durable = new TaskCompletionSource();

        var sending = trainer.Channel.SendAsync(Fleet.Aggregator, MessageOf(50_000, 1) with { Until = durable.Task }, CancellationToken.None);
        await network.RunAsync(network.PassAsync(TimeSpan.FromSeconds(1)));
        durable.SetException(new StateException("the disk is full"));

        await Assert.ThrowsAsync<StateException>(() => network.RunAsync(sending));
        await network.RunAsync(network.PassAsync(TimeSpan.FromSeconds(5)));
        Assert.Empty(aggregator.Messages);
    }

    private static Message MessageOf(int bytes, int seed)
    {
        var body = new byte[bytes];
        new Random(seed).NextBytes(body);
        return new Message { Kind = MessageKind.Update, Round = seed, Head = new byte[] { 1, 2, 3 }, Body = new ReadOnlySequence<byte>(body) };
    }

    private static async Task SendAsync(int seed, double loss, double repeats, double reorders, int bytes)
    {
        await using var network = new LossyNetwork(seed, loss, repeats, reorders, damage: 0.02);
        var fleet = new Fleet(1);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        await using var trainer = network.Join(fleet.TrainerEnd(0), Small);
        network.MeetAll();

        var messages = Enumerable.Range(0, 3).Select(index => MessageOf(bytes, index)).ToList();
        await network.RunAsync(Task.WhenAll(messages.Select(message => trainer.Channel.SendAsync(Fleet.Aggregator, message, CancellationToken.None))));

        await aggregator.ReceivesAsync(3);
        await network.RunAsync(network.PassAsync(TimeSpan.FromSeconds(2)));
        Assert.Equal(3, aggregator.Messages.Count());
        Assert.All(messages, sent => Assert.Equal(sent.Body.ToArray(), aggregator.Messages.Single(received => received.Round == sent.Round).Body));
    }

    private static async Task BroadcastAsync(int seed, double loss, double repeats, double reorders, int bytes)
    {
        await using var network = new LossyNetwork(seed, loss, repeats, reorders, damage: 0.02);
        var fleet = new Fleet(3);
        await using var aggregator = network.Join(fleet.AggregatorEnd(), Small);
        var trainers = Enumerable.Range(0, 3).Select(index => network.Join(fleet.TrainerEnd(index), Small)).ToList();
        network.MeetAll();
        var message = MessageOf(bytes, 1);

        await network.RunAsync(aggregator.Channel.BroadcastAsync(message, 2, CancellationToken.None));
        await network.RunAsync(Task.WhenAll(trainers.Select(trainer => trainer.ReceivesAsync(1))));

        Assert.All(trainers, trainer => Assert.Equal(message.Body.ToArray(), Assert.Single(trainer.Messages).Body));
    }
}
