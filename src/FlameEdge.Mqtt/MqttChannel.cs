using System.Buffers;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Channels.Transfer;
using FlameEdge.Diagnostics;
using FlameEdge.Mqtt.Direct;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Mqtt;

/// <summary>A worker's end of a channel over MQTT: presence and transfer, tied to topics.</summary>
internal sealed class MqttChannel : IChannel, IPlacedChannel, IMeteredChannel, IChannelDiagnostics, IPacketPort
{
    // Up to here a joiner asks for the presence of exactly the workers it may meet: fifty trainers that all watched the group would be
    // told of each other fifty times fifty times. Beyond it, a wildcard keeps the number of subscriptions small.
    private const int ExactFilters = 16;

    // What a topic of up to 256 bytes and the packet's properties may add to a payload.
    private const int PacketOverhead = 512;

    private readonly MqttSession session;
    private readonly Exchange exchange;
    private readonly PresenceTable presence;
    private readonly SemaphoreSlim membership = new(1, 1);
    private readonly string hereTopic;
    private readonly string[] dataFilters;
    private readonly PlacementDictionary placement;
    private readonly SecondLook look;
    private readonly DirectSender? direct;
    private string[] presenceFilters;
    private bool isJoined;
    private int isDisposed;

    /// <param name="session">The agent's.</param>
    /// <param name="endpoint">Who stands here.</param>
    /// <param name="isDirect">True where packets go to the peers' agents themselves, and over the broker only to those who are not reached.</param>
    public MqttChannel(MqttSession session, ChannelEndpoint endpoint, bool isDirect = false)
    {
        this.session = session;
        endpoint = endpoint with { Placement = placement = new PlacementDictionary(endpoint.Placement) };
        exchange = new Exchange(endpoint, this, session.Options.Transfer, session.NextMessageId, session.Time, session.Loggers.CreateLogger<Exchange>()) { Unseen = () => look?.Hurry() };
        presence = new PresenceTable(endpoint, session.Options.Presence, session.Time, exchange.Arrived, exchange.Departed);
        direct = isDirect ? new DirectSender(session, endpoint, presence, () => exchange.Peers) : null;
        hereTopic = session.Topics.Here(endpoint, endpoint.Agent, endpoint.Self);
        dataFilters = session.Topics.DataFilters(endpoint);
        presenceFilters = PresenceFilters(session.Topics, endpoint, ExactBelow(session.Options.Profile));
        look = new SecondLook(token => session.Control.RenewAsync(MissingFilters(), token), () => exchange.Peers.Count < placement.Count, session.Time);
        look.Start();
    }

    public ChannelEndpoint Endpoint => exchange.Endpoint;

    public IReadOnlyList<Peer> Peers => exchange.Peers;

    /// <summary>True where packets go to the peers' agents themselves.</summary>
    public bool IsDirect => direct is not null;

    public ChannelTraffic Traffic => exchange.Traffic;

    public ChannelDrops Drops => exchange.Drops;

    public long PeakAssemblyBytes => exchange.PeakAssemblyBytes;

    // The broker's bound holds for direct channels too: it may have to step in at any time.
    int IPacketPort.MaximumPacketBytes => Math.Min(Math.Min(session.Control.MaximumPacketBytes, session.Bulk.MaximumPacketBytes) - PacketOverhead, IsDirect ? PeerFrame.LongestPacket : int.MaxValue);

    TimeSpan IPacketPort.Silence => IsDirect ? TimeSpan.MaxValue : session.Bulk.Silence;

    // Half of what the broker keeps for us, which all our channels share: what was granted before another sender came, and answers, are on their way too.
    (int Packets, long Bytes) IPacketPort.Room
    {
        get
        {
            var (profile, share) = (session.Options.Profile, 2 * Math.Max(1, session.ListeningCount));
            var bytes = Math.Min(profile.QueuedBytes ?? long.MaxValue, IsDirect ? session.Options.Direct.QueueBytes : long.MaxValue);
            return (Math.Max(1, (profile.QueuedPackets ?? int.MaxValue) / share), Math.Max(1, bytes / share));
        }
    }

    public async Task JoinAsync(PeerCard card, CancellationToken cancellationToken)
    {
        await membership.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(isDisposed != 0, this);
            if (!isJoined)
            {
                // Listen first, announce last: nobody sends to a worker that cannot hear.
                session.Listen(this);
                isJoined = true;
                await session.Bulk.SubscribeAsync(dataFilters, cancellationToken);
                await session.Control.SubscribeAsync(presenceFilters, cancellationToken);
            }

            var note = new HereNote(session.SessionId, Endpoint.Incarnation, card.Samples) { Peer = IsDirect ? await session.Direct.ListenAsync(cancellationToken) : null, Replica = card.Replica };
            await session.RetainAsync(hereTopic, JsonSerializer.SerializeToUtf8Bytes(note, PresenceJson.Default.HereNote), cancellationToken);
        }
        finally
        {
            membership.Release();
        }
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await membership.WaitAsync(cancellationToken);
        try
        {
            if (!isJoined)
            {
                return;
            }

            isJoined = false;
            session.Unlisten(this);
            presence.Clear();
            exchange.Leave();
            await session.ClearAsync(hereTopic, cancellationToken);
            await session.Control.UnsubscribeAsync(presenceFilters, cancellationToken);
            await session.Bulk.UnsubscribeAsync(dataFilters, cancellationToken);
        }
        finally
        {
            membership.Release();
        }
    }

    public async Task PlaceAsync(IReadOnlyDictionary<WorkerId, AgentId> placement, CancellationToken cancellationToken)
    {
        await membership.WaitAsync(cancellationToken);
        try
        {
            presence.Moved(this.placement.Replace(placement));
            var former = presenceFilters;
            presenceFilters = PresenceFilters(session.Topics, Endpoint, ExactBelow(session.Options.Profile));
            if (isJoined)
            {
                // All of them: what stands retained is told again, and a newcomer's note may have been read and ignored before it had a place.
                await session.Control.SubscribeAsync(presenceFilters, cancellationToken);
                await session.Control.UnsubscribeAsync(former, cancellationToken);
            }
        }
        finally
        {
            membership.Release();
        }
    }

    public Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken) => exchange.SendAsync(to, message, cancellationToken);

    public Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken) => exchange.BroadcastAsync(message, quorum, cancellationToken);

    public IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken) => exchange.ReceiveAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref isDisposed, 1) != 0)
        {
            return;
        }

        using var bound = new CancellationTokenSource(session.Options.ConnectTimeout, session.Time);
        try
        {
            await LeaveAsync(bound.Token);
        }
        catch (Exception exception) when (exception is ChannelException || MqttLink.IsConnectionTrouble(exception))
        {
            // Without a broker nobody can be told; the agent's life sign will show it.
        }

        await look.DisposeAsync();
        presence.Dispose();
        await exchange.DisposeAsync();
        membership.Dispose();
    }

    async ValueTask IPacketPort.SendAsync(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk, CancellationToken cancellationToken)
    {
        foreach (var addressee in direct?.Send(to, packet, isBulk) ?? [to])
        {
            await session.LinkFor(isBulk).PublishOnceAsync(session.Topics.Data(Endpoint, addressee), packet, cancellationToken);
        }
    }

    /// <summary>True where the plan puts a worker that may be met here on this agent.</summary>
    internal bool Places(AgentId agent) => placement.Values.Contains(agent);

    /// <summary>What the workers of an agent that are present here have posted.</summary>
    internal IReadOnlyList<HereNote> NotesOf(AgentId agent) => presence.NotesOf(agent);

    /// <summary>Takes a packet if it is meant for this worker or its role.</summary>
    internal void Take(DataTopic topic, ReadOnlySequence<byte> packet)
    {
        var isMine = topic.Channel == Endpoint.Channel && topic.Group == Endpoint.Group && topic.Job == Endpoint.Job
            && (topic.To == Endpoint.Self.Value || topic.To == Endpoint.Role.Value);
        var isOwn = topic.Worker == Endpoint.Self && topic.Agent == Endpoint.Agent;
        if (isMine && !isOwn)
        {
            exchange.Take(topic.Agent, topic.Worker, packet);
        }
    }

    /// <summary>Takes a worker's presence note; empty where it was cleared.</summary>
    internal void Here(HereTopic topic, byte[] note)
    {
        if (topic.Channel != Endpoint.Channel || topic.Group != Endpoint.Group || topic.Job != Endpoint.Job || topic.Worker == Endpoint.Self)
        {
            return;
        }

        var read = PresenceJson.ReadHere(note);
        if (read is not null || note.Length == 0)
        {
            presence.Here(topic.Agent, topic.Worker, read);
            ToldOfPresence();
        }
    }

    /// <summary>Takes an agent's life sign.</summary>
    internal void Alive(AgentId agent, AliveNote note)
    {
        presence.Alive(agent, note);
        ToldOfPresence();
    }

    /// <summary>The control connection is new: presence is about to be told again.</summary>
    internal void Connecting() => presence.Reconnected();

    /// <summary>One of the connections may be used again.</summary>
    internal void Reconnected() => exchange.Reconnected();

    private void ToldOfPresence()
    {
        if (IsDirect)
        {
            session.Direct.PresenceChanged();
        }
    }

    // What stands retained of those who are here has been told, and need not be paid for again.
    private string[] MissingFilters()
    {
        if (placement.Count > ExactBelow(session.Options.Profile))
        {
            return presenceFilters;
        }

        var here = exchange.Peers.Select(peer => peer.Worker).ToHashSet();
        return [.. placement.Where(placed => !here.Contains(placed.Key)).SelectMany(placed => new[] { session.Topics.Here(Endpoint, placed.Value, placed.Key), session.Topics.Alive(placed.Value) }).Distinct()];
    }

    /// <summary>Brokers differ in what they cannot do: bring retained messages for wildcards, or hold many subscriptions.</summary>
    private static int ExactBelow(BrokerProfile profile) => profile switch
    {
        { ExactRetained: true } => int.MaxValue,
        { FewSubscriptions: true } => 0,
        _ => ExactFilters,
    };

    private static string[] PresenceFilters(TopicScheme topics, ChannelEndpoint endpoint, int exactBelow)
    {
        var isExact = endpoint.Placement.Count <= exactBelow;
        IEnumerable<string> here = isExact ? endpoint.Placement.Select(placed => topics.Here(endpoint, placed.Value, placed.Key)) : [topics.AnyHere(endpoint)];
        var agents = endpoint.Placement.Values.Distinct().ToList();
        IEnumerable<string> alive = agents.Count <= exactBelow ? agents.Select(topics.Alive) : [topics.AnyAlive()];
        return [.. here, .. alive, topics.Here(endpoint, endpoint.Agent, endpoint.Self)];
    }
}
