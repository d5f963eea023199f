using System.Buffers;
using FlameEdge.Topology;

namespace FlameEdge.Channels;

/// <summary>A worker's end of a channel: the peers of one group, and messages to and from them.</summary>
/// <remarks>Thread-safe for sending; <see cref="ReceiveAsync"/> has one reader.</remarks>
public interface IChannel : IAsyncDisposable
{
    /// <summary>Who stands here and whom it can meet.</summary>
    ChannelEndpoint Endpoint { get; }

    /// <summary>The peers of the other role (or the same, on a channel among equals) present now, sorted by worker.</summary>
    IReadOnlyList<Peer> Peers { get; }

    /// <summary>Announces this worker to the group; peers already there appear as <see cref="PeerJoined"/>.</summary>
    Task JoinAsync(PeerCard card, CancellationToken cancellationToken);

    /// <summary>Takes this worker out of the group; it may join again.</summary>
    Task LeaveAsync(CancellationToken cancellationToken);

    /// <summary>Sends to one worker and completes when that worker's transport holds the whole message.</summary>
    /// <exception cref="Diagnostics.ChannelException">The peer left, or did not take the message in the time the backend allows.</exception>
    Task SendAsync(WorkerId to, Message message, CancellationToken cancellationToken);

    /// <summary>Sends once to everybody present and completes when <paramref name="quorum"/> of them hold the whole message, or all the rest have left or fallen silent.
    /// Whoever lags repairs afterwards for as long as this is the newest broadcast of its kind.</summary>
    Task BroadcastAsync(Message message, int quorum, CancellationToken cancellationToken);

    /// <summary>Messages, arrivals and departures in one stream; ends when the channel is disposed.</summary>
    IAsyncEnumerable<ChannelEvent> ReceiveAsync(CancellationToken cancellationToken);
}

/// <summary>A channel that counts what it moves.</summary>
public interface IMeteredChannel
{
    /// <summary>Payload and header bytes since the channel was opened.</summary>
    ChannelTraffic Traffic { get; }
}

/// <summary>A way of carrying channels: in memory, over MQTT.</summary>
public interface IChannelBackend : IAsyncDisposable
{
    /// <summary>The name a job gives it: <c>memory</c>, <c>mqtt</c>, <c>tcp</c>.</summary>
    string Name { get; }

    /// <summary>Opens a worker's end of a channel; nothing is announced before it joins.</summary>
    ValueTask<IChannel> OpenAsync(ChannelEndpoint endpoint, CancellationToken cancellationToken);
}

/// <summary>Who stands at a channel's end and whom the plan lets it meet.</summary>
public sealed record ChannelEndpoint
{
    /// <summary>The job.</summary>
    public required JobId Job { get; init; }

    /// <summary>The channel.</summary>
    public required ChannelName Channel { get; init; }

    /// <summary>The group this worker joins.</summary>
    public required GroupName Group { get; init; }

    /// <summary>This worker.</summary>
    public required WorkerId Self { get; init; }

    /// <summary>The device this worker runs on.</summary>
    public required AgentId Agent { get; init; }

    /// <summary>This worker's role.</summary>
    public required RoleName Role { get; init; }

    /// <summary>The role met here; the same as <see cref="Role"/> on a channel among equals.</summary>
    public required RoleName OtherRole { get; init; }

    /// <summary>The workers of the other role that the plan puts into this group, each with its device. A message or a presence is accepted only from these, and only from that device.</summary>
    public required IReadOnlyDictionary<WorkerId, AgentId> Placement { get; init; }

    /// <summary>True where even large messages, up to <see cref="Transfer.TransferOptions.LeafFileAboveBytes"/>, are put together in memory rather than in files: right for a worker that receives one model at a time and hands nothing on.</summary>
    public bool IsLeaf { get; init; }

    /// <summary>This worker's run: max(stored, seen) + 1 at every start of its process; an older one is refused.</summary>
    public required long Incarnation { get; init; }
}

/// <summary>What a worker says of itself when it joins.</summary>
/// <param name="Samples">Rows it learns from; 0 for a worker without data.</param>
public sealed record PeerCard(long Samples)
{
    /// <summary>Whom it works with, where several aggregators share its group; of one of these, itself, once it takes workers. Null elsewhere. Joining again with another card tells a new choice.</summary>
    public ReplicaChoice? Replica { get; init; }
}

/// <summary>A worker at the other end.</summary>
/// <param name="Worker">Who.</param>
/// <param name="Incarnation">Which run of it.</param>
/// <param name="Card">What it said of itself.</param>
public sealed record Peer(WorkerId Worker, long Incarnation, PeerCard Card);

/// <summary>Bytes a channel has moved.</summary>
/// <param name="Sent">Bytes published; a broadcast counts once.</param>
/// <param name="Received">Bytes taken in.</param>
public readonly record struct ChannelTraffic(long Sent, long Received);

/// <summary>What a message is about; 64 and above belong to users' own roles.</summary>
public enum MessageKind : byte
{
    /// <summary>A model and the terms of its round, downwards. That a round began says the one before is durable: outboxes may be cleared.</summary>
    Model = 1,

    /// <summary>A worker's update, upwards.</summary>
    Update = 2,

    /// <summary>The answer to an update: counted, already counted, refused.</summary>
    Verdict = 3,

    /// <summary>A middle aggregator's verdicts on its own workers, upwards, before its update.</summary>
    Report = 4,

    /// <summary>The job is over.</summary>
    End = 5,

    /// <summary>A model came as a change of one this worker does not hold: it asks for the whole, upwards.</summary>
    Want = 6,

    /// <summary>A step of an agreement, or of a sum, among the equals of a ring.</summary>
    Ring = 7,

    /// <summary>Who works with whom, asked of a coordinator and said by it, and what rounds took, in JSON.</summary>
    Plan = 12,

    /// <summary>A step of secure aggregation, both ways, in JSON.</summary>
    Secure = 15,

    /// <summary>What a site knows, class by class.</summary>
    Record = 16,

    /// <summary>A directory asks a site to come to a batch and say what it knows then; only in lockstep.</summary>
    Look = 17,

    /// <summary>A target asks a directory who can help.</summary>
    Request = 18,

    /// <summary>The directory's answer: helpers, best first.</summary>
    Ranking = 19,

    /// <summary>A target asks a helper for knowledge.</summary>
    Pull = 20,

    /// <summary>The helper's answer: a knowledge packet, or none.</summary>
    Packet = 21,

    /// <summary>A target's judgement of knowledge, which feeds trust.</summary>
    Judgement = 22,

    /// <summary>A model is no longer believed, nor anything cut from it.</summary>
    Revoke = 23,

    /// <summary>A site's stream is over.</summary>
    Done = 24,

    /// <summary>It is another site's turn to learn a batch; only in lockstep.</summary>
    Turn = 25,

    /// <summary>First value free for users' own roles.</summary>
    User = 64,
}

/// <summary>A message on a channel.</summary>
public sealed record Message
{
    /// <summary>What it is about.</summary>
    public required MessageKind Kind { get; init; }

    /// <summary>The round it belongs to; 0 where it belongs to none.</summary>
    public int Round { get; init; }

    /// <summary>A small head, JSON by convention; at most 16 KiB.</summary>
    public ReadOnlyMemory<byte> Head { get; init; }

    /// <summary>The bulk: parameters. Must stay unchanged while the message is being sent, and for as long as a broadcast may be repaired.</summary>
    public ReadOnlySequence<byte> Body { get; init; }

    /// <summary>What must have completed before anybody is given the whole message, such as its being durable; the bulk may travel meanwhile. Null for nothing. Where it fails, the send fails with it.</summary>
    public Task? Until { get; init; }
}

/// <summary>Something that happened on a channel.</summary>
public abstract record ChannelEvent(WorkerId Worker);

/// <summary>A peer is there (again).</summary>
public sealed record PeerJoined(Peer Peer) : ChannelEvent(Peer.Worker);

/// <summary>A peer has left, or its device was lost.</summary>
public sealed record PeerLeft(WorkerId Worker) : ChannelEvent(Worker);

/// <summary>A whole message has arrived. Dispose it to give its buffer back; the body must not be touched afterwards.</summary>
public sealed record MessageArrived(WorkerId Worker, long Incarnation, Message Message, IDisposable? Owner = null) : ChannelEvent(Worker), IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Owner?.Dispose();
}
