using System.Buffers;
using System.Collections.Concurrent;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>On a slow line what was asked for is late, not lost: to ask again would fill the line with what is in it already.</summary>
public sealed class SlowLineTests : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private readonly Fleet fleet = new(1);
    private readonly FakeTimeProvider time = new();
    private readonly LinePort port = new();
    private readonly Exchange exchange;

    public SlowLineTests()
    {
        exchange = new Exchange(fleet.AggregatorEnd(), port, new TransferOptions { StallAfter = TimeSpan.FromSeconds(1) }, () => 1, time, NullLogger.Instance);
        exchange.Arrived(new Peer(Fleet.Trainer(0), 1, new PeerCard(0)));
        Take(Offer, []);
    }

    public ValueTask DisposeAsync() => exchange.DisposeAsync();

    [Fact]
    public void While_other_bytes_come_nothing_is_asked_for_twice()
    {
        port.Silence = TimeSpan.FromMilliseconds(200);

        Pass(TimeSpan.FromSeconds(9));

        Assert.Single(port.Requests);
    }

    [Fact]
    public void But_not_for_ever()
    {
        port.Silence = TimeSpan.FromMilliseconds(200);

        Pass(TimeSpan.FromSeconds(11));

        Assert.Equal(2, port.Requests.Count);
    }

    [Fact]
    public void On_a_silent_line_it_is_asked_for_after_a_second()
    {
        port.Silence = TimeSpan.FromSeconds(5);

        Pass(TimeSpan.FromSeconds(1.2));

        Assert.Equal(2, port.Requests.Count);
    }

    [Fact]
    public void What_was_overtaken_is_lost()
    {
        port.Silence = TimeSpan.FromMilliseconds(200);
        Take(Offer with { Kind = PacketKind.Chunk, ChunkIndex = 1 }, new byte[100]);

        Pass(TimeSpan.FromSeconds(1.2));

        Assert.Equal(2, port.Requests.Count);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void A_sender_that_was_away_is_asked_again_and_one_that_only_tells_something_else_of_itself_is_not(bool wasAway, int requests)
    {
        if (wasAway)
        {
            exchange.Departed(Fleet.Trainer(0));
        }

        exchange.Arrived(new Peer(Fleet.Trainer(0), 1, new PeerCard(40)));
        Pass(TimeSpan.FromMilliseconds(100));

        Assert.Equal(requests, port.Requests.Count);
    }

    private static PacketHeader Offer => new()
    {
        Kind = PacketKind.Offer,
        MessageKind = MessageKind.Update,
        Incarnation = 1,
        MessageId = 5,
        BodyBytes = 300,
        ChunkBytes = 100,
        ChunkCount = 3,
    };

    private void Pass(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += Tick)
        {
            time.Advance(Tick);
        }

        // Answers leave in their order, on another thread: when this one's has, all before it have.
        Take(new PacketHeader { Kind = PacketKind.Whole, MessageKind = MessageKind.Update, Incarnation = 1, MessageId = 6 }, []);
        Assert.True(port.Receipt.Task.Wait(Seat.Bound));
    }

    private void Take(PacketHeader header, byte[] payload) =>
        exchange.Take(fleet.TrainerAgent(0), Fleet.Trainer(0), header.ToPacket(new ReadOnlySequence<byte>(payload)));

    private sealed class LinePort : IPacketPort
    {
        public int MaximumPacketBytes => int.MaxValue;

        public TimeSpan Silence { get; set; }

        public ConcurrentQueue<PacketHeader> Requests { get; } = [];

        public TaskCompletionSource Receipt { get; } = new();

        public ValueTask SendAsync(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk, CancellationToken cancellationToken)
        {
            var header = PacketHeader.Read(packet.ToArray(), out _);
            if (header.Kind == PacketKind.Request)
            {
                Requests.Enqueue(header);
            }
            else if (header.Kind == PacketKind.Receipt)
            {
                Receipt.TrySetResult();
            }

            return ValueTask.CompletedTask;
        }
    }
}
