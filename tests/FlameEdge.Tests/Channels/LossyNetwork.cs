using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.Transfer;
using FlameEdge.Testing.Channels;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlameEdge.Tests.Channels;

/// <summary>Exchanges joined by a network that loses, repeats, reorders and damages packets at seeded rates, in time that a test moves.</summary>
internal sealed class LossyNetwork(int seed, double loss, double repeats, double reorders, double damage = 0) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Random random = new(seed);
    private readonly List<Member> members = [];
    private readonly List<(Member From, WorkerId? To, byte[] Packet)> underWay = [];

    public FakeTimeProvider Time { get; } = new();

    /// <summary>What the network says it can hold for one member.</summary>
    public (int Packets, long Bytes) Room { get; init; } = (int.MaxValue, long.MaxValue);

    /// <summary>The most bytes that were ever between the members at once.</summary>
    public long PeakUnderWayBytes { get; private set; }

    public Seat Join(ChannelEndpoint endpoint, TransferOptions options) => new(JoinUnread(endpoint, options));

    /// <summary>A channel nobody reads yet.</summary>
    public IChannel JoinUnread(ChannelEndpoint endpoint, TransferOptions options)
    {
        ulong count = 0;
        var member = new Member(this, endpoint);
        member.Exchange = new Exchange(endpoint, member, options, () => ++count, Time, NullLogger.Instance);
        members.Add(member);
        return member;
    }

    /// <summary>Bytes a worker has published; a packet to all counts once.</summary>
    public long BytesFrom(WorkerId worker) => members.Single(member => member.Endpoint.Self == worker).Exchange.Traffic.Sent;

    /// <summary>Completes when so much network time has passed.</summary>
    public Task PassAsync(TimeSpan time) => Task.Delay(time, Time);

    public void MeetAll()
    {
        foreach (var member in members)
        {
            foreach (var other in members.Where(other => other.Endpoint.Role == member.Endpoint.OtherRole))
            {
                member.Exchange.Arrived(new Peer(other.Endpoint.Self, other.Endpoint.Incarnation, new PeerCard(0)));
            }
        }
    }

    /// <summary>Carries packets and moves time until the work is done; fails after ten minutes of network time.</summary>
    public async Task RunAsync(Task work)
    {
        for (var tick = 0; !work.IsCompleted; tick++)
        {
            Assert.InRange(tick, 0, 60_000);
            Carry();

            // The pumps run on other threads; network time must not outrun them on a busy machine.
            for (var turn = 0; turn < 4; turn++)
            {
                await Task.Yield();
            }

            Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        await work;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in members)
        {
            await member.DisposeAsync();
        }
    }

    private void Carry()
    {
        List<(Member From, WorkerId? To, byte[] Packet)> arriving;
        lock (gate)
        {
            arriving = [.. underWay];
            underWay.Clear();
        }

        for (var index = arriving.Count - 1; index > 0; index--)
        {
            if (random.NextDouble() < reorders)
            {
                var other = random.Next(index);
                (arriving[index], arriving[other]) = (arriving[other], arriving[index]);
            }
        }

        foreach (var (from, to, packet) in arriving)
        {
            foreach (var member in members.Where(member => member != from && (to is { } worker ? member.Endpoint.Self == worker : member.Endpoint.Role == from.Endpoint.OtherRole)))
            {
                // Every receiver has its own luck.
                for (var copies = random.NextDouble() < loss ? 0 : random.NextDouble() < repeats ? 2 : 1; copies > 0; copies--)
                {
                    var bytes = packet.ToArray();
                    if (random.NextDouble() < damage)
                    {
                        bytes[random.Next(bytes.Length)] ^= 0x40;
                    }

                    member.Exchange.Take(from.Endpoint.Agent, from.Endpoint.Self, new ReadOnlySequence<byte>(bytes));
                }
            }
        }
    }

    private sealed class Member(LossyNetwork network, ChannelEndpoint endpoint) : IChannel, IPacketPort
    {
        public Exchange Exchange { get; set; } = null!; // set right after construction: the two know each other

        public ChannelEndpoint Endpoint { get; } = endpoint;

        public IReadOnlyList<Peer> Peers => Exchange.Peers;

        public int MaximumPacketBytes => int.MaxValue;

        public (int Packets, long Bytes) Room => network.Room;

        public ValueTask SendAsync(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk, CancellationToken cancellationToken)
        {
            lock (network.gate)
            {
                network.underWay.Add((this, to, packet.ToArray()));
                network.PeakUnderWayBytes = Math.Max(network.PeakUnderWayBytes, network.underWay.Sum(sent => (long)sent.Packet.Length));
            }

            return ValueTask.CompletedTask;
        }

        public Task JoinAsync(PeerCard card, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task LeaveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken) => Exchange.SendAsync(to, message, cancellationToken);

        public Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken) => Exchange.BroadcastAsync(message, quorum, cancellationToken);

        public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => Exchange.ReceiveAsync(cancellationToken);

        public ValueTask DisposeAsync() => Exchange.DisposeAsync();
    }
}
