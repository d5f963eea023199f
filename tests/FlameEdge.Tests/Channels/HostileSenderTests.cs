using System.Buffers;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>A peer that speaks the protocol and means harm costs little and reaches nobody.</summary>
public sealed class HostileSenderTests : IAsyncDisposable
{
    private readonly Fleet fleet = new(1);
    private readonly AnswerPort port = new();
    private readonly Exchange exchange;

    public HostileSenderTests()
    {
        exchange = new Exchange(fleet.AggregatorEnd(), port, new TransferOptions { MaximumAssemblyBytes = 1_000_000 }, () => 1, new FakeTimeProvider(), NullLogger.Instance);
        exchange.Arrived(new Peer(Fleet.Trainer(0), 1, new PeerCard(0)));
    }

    public ValueTask DisposeAsync() => exchange.DisposeAsync();

    [Fact]
    public async Task Content_that_never_matches_its_hash_is_refused_after_bounded_tries()
    {
        var offer = Offer(bodyBytes: 100, chunkBytes: 100) with { ContentHash = 1 };
        Take(offer, []);
        for (var tries = 0; tries < 3; tries++)
        {
            Assert.Equal(PacketKind.Request, (await port.NextAsync()).Kind);
            Take(offer with { Kind = PacketKind.Chunk }, new byte[100]);
        }

        var answer = await port.NextAsync();
        Assert.Equal((PacketKind.Refusal, (byte)RefusalReason.Corrupt), (answer.Kind, answer.Flags));
    }

    [Fact]
    public async Task An_offer_beyond_the_bound_is_refused_before_anything_is_allocated()
    {
        Take(Offer(bodyBytes: 1L << 40, chunkBytes: 1 << 24), []);

        var answer = await port.NextAsync();
        Assert.Equal((PacketKind.Refusal, (byte)RefusalReason.TooLarge), (answer.Kind, answer.Flags));
        Assert.Equal(0, exchange.PeakAssemblyBytes);
    }

    [Fact]
    public void A_chunk_that_does_not_fit_its_offer_is_malformed()
    {
        Take(Offer(bodyBytes: 200, chunkBytes: 100), []);
        Take(Offer(bodyBytes: 300, chunkBytes: 100) with { Kind = PacketKind.Chunk }, new byte[100]);

        Assert.Equal(1, exchange.Drops.Malformed);
    }

    [Fact]
    public void Packets_of_an_older_run_or_for_an_older_run_or_of_the_absent_are_dropped()
    {
        exchange.Arrived(new Peer(Fleet.Trainer(0), 2, new PeerCard(0)));
        Take(Whole() with { Incarnation = 1 }, []);
        Take(Whole() with { Incarnation = 2, ToIncarnation = 7 }, []);
        Take(Whole() with { Incarnation = 3 }, []);
        exchange.Departed(Fleet.Trainer(0));
        Take(Whole() with { Incarnation = 2 }, []);

        Assert.Equal(new ChannelDrops(Malformed: 0, Strangers: 0, Stale: 2, Early: 2), exchange.Drops);
    }

    [Fact]
    public async Task A_repeated_packet_is_answered_and_delivered_once()
    {
        Take(Whole(), []);
        Take(Whole(), []);
        Assert.Equal(PacketKind.Receipt, (await port.NextAsync()).Kind);
        Assert.Equal(PacketKind.Receipt, (await port.NextAsync()).Kind);

        await using var seat = new Seat(new Watched(exchange));
        await seat.ReceivesAsync(1);
        Take(Whole() with { MessageId = 6 }, []);
        await seat.ReceivesAsync(2);
        Assert.Equal(2, seat.Messages.Count());
    }

    private static PacketHeader Whole() => new() { Kind = PacketKind.Whole, MessageKind = MessageKind.Update, Incarnation = 1, MessageId = 5 };

    private static PacketHeader Offer(long bodyBytes, int chunkBytes) => Whole() with
    {
        Kind = PacketKind.Offer,
        BodyBytes = bodyBytes,
        ChunkBytes = chunkBytes,
        ChunkCount = (int)PacketHeader.CountOf(bodyBytes, chunkBytes),
    };

    private void Take(PacketHeader header, byte[] payload) =>
        exchange.Take(fleet.TrainerAgent(0), Fleet.Trainer(0), header.ToPacket(new ReadOnlySequence<byte>(payload)));

    private sealed class AnswerPort : IPacketPort
    {
        private readonly Channel<PacketHeader> answers = Channel.CreateUnbounded<PacketHeader>();

        public int MaximumPacketBytes => int.MaxValue;

        public ValueTask SendAsync(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk, CancellationToken cancellationToken) =>
            answers.Writer.WriteAsync(PacketHeader.Read(packet.ToArray(), out _), cancellationToken);

        public async Task<PacketHeader> NextAsync() => await answers.Reader.ReadAsync().AsTask().WaitAsync(Seat.Bound);
    }

    private sealed class Watched(Exchange exchange) : IChannel
    {
        public ChannelEndpoint Endpoint => exchange.Endpoint;

        public IReadOnlyList<Peer> Peers => exchange.Peers;

        public Task JoinAsync(PeerCard card, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken) => exchange.SendAsync(to, message, cancellationToken);

        public Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken) => exchange.BroadcastAsync(message, quorum, cancellationToken);

        public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => exchange.ReceiveAsync(cancellationToken);

        public ValueTask DisposeAsync() => exchange.DisposeAsync();
    }
}
