using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Topology;

namespace FlameEdge.Channels.InMemory;

/// <summary>A bulletin board within one process; it keeps what is retained and, for tests, everything ever posted.</summary>
/// <param name="timeProvider">The clock that bounds <see cref="ReadAsync"/>.</param>
/// <param name="isRecording">Keeps every notice in <see cref="Posted"/>; for tests, it grows.</param>
public sealed class MemoryBulletin(TimeProvider? timeProvider = null, bool isRecording = false) : IBulletin
{
    // A watcher that does not read loses the oldest notices: they are news, and the retained one can be read again.
    private const int WatcherCapacity = 4096;

    private readonly Lock gate = new();
    private readonly Dictionary<BulletinTopic, Bulletin> retained = [];
    private readonly List<(BulletinTopic Topic, Channel<Bulletin> Notices)> watchers = [];
    private readonly List<Bulletin> posted = [];

    /// <summary>Everything posted so far, in order; empty unless recording.</summary>
    public IReadOnlyList<Bulletin> Posted
    {
        get
        {
            lock (gate)
            {
                return [.. posted];
            }
        }
    }

    /// <inheritdoc/>
    public Task PostAsync(BulletinTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        topic.RequirePostable(json);
        var notice = new Bulletin(topic, json.ToArray());
        lock (gate)
        {
            if (topic.IsRetained)
            {
                retained[topic] = notice;
            }

            Tell(notice);
        }

        return Task.CompletedTask;
    }

    /// <summary>Posts an agent's life sign, as a transport would.</summary>
    public void Alive(AgentId agent, AliveNote note)
    {
        var topic = BulletinTopic.OfFleet(agent, BulletinKind.Alive);
        lock (gate)
        {
            Tell(retained[topic] = new Bulletin(topic, JsonSerializer.SerializeToUtf8Bytes(note, PresenceJson.Default.AliveNote)));
        }
    }

    /// <inheritdoc/>
    public Task ClearAsync(BulletinTopic topic, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (retained.Remove(topic))
            {
                Tell(new Bulletin(topic, default));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Bulletin> WatchAsync(BulletinTopic topic, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var notices = Channel.CreateBounded<Bulletin>(new BoundedChannelOptions(WatcherCapacity) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (gate)
        {
            foreach (var notice in retained.Values.Where(notice => topic.Covers(notice.Topic)))
            {
                notices.Writer.TryWrite(notice);
            }

            watchers.Add((topic, notices));
        }

        try
        {
            await foreach (var notice in notices.Reader.ReadAllAsync(cancellationToken))
            {
                yield return notice;
            }
        }
        finally
        {
            lock (gate)
            {
                watchers.RemoveAll(watcher => watcher.Notices == notices);
            }
        }
    }

    /// <inheritdoc/>
    public Task<Bulletin?> ReadAsync(BulletinTopic topic, TimeSpan bound, CancellationToken cancellationToken) =>
        this.FirstAsync(topic, bound, timeProvider ?? TimeProvider.System, cancellationToken);

    private void Tell(Bulletin notice)
    {
        if (isRecording)
        {
            posted.Add(notice);
        }

        foreach (var (topic, notices) in watchers)
        {
            if (topic.Covers(notice.Topic))
            {
                notices.Writer.TryWrite(notice);
            }
        }
    }
}
