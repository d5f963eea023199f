using System.Runtime.CompilerServices;
using System.Threading.Channels;
using FlameEdge.Channels;

namespace FlameEdge.Mqtt;

/// <summary>The bulletin board over a session's control connection.</summary>
/// <remarks>A retained notice that comes again unchanged, after a reconnect or for another watcher's sake, is told once.</remarks>
internal sealed class MqttBulletin(MqttSession session, TimeProvider time) : IBulletin
{
    // A watcher that does not read loses the oldest notices: the retained ones can be read again.
    private const int WatcherCapacity = 4096;

    // After one and three seconds, for what was retained in the instant of the subscription.
    private const int Looks = 2;

    private readonly Lock gate = new();
    private readonly List<Watcher> watchers = [];

    public Task PostAsync(BulletinTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        topic.RequirePostable(json);
        var text = session.Topics.Notice(topic);
        return topic.IsRetained ? session.RetainAsync(text, json.ToArray(), cancellationToken) : session.Control.PublishAsync(text, json, retain: false, cancellationToken);
    }

    public Task ClearAsync(BulletinTopic topic, CancellationToken cancellationToken) => session.ClearAsync(session.Topics.Notice(topic), cancellationToken);

    public async IAsyncEnumerable<Bulletin> WatchAsync(BulletinTopic topic, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watcher = new Watcher(topic, Channel.CreateBounded<Bulletin>(new BoundedChannelOptions(WatcherCapacity) { FullMode = BoundedChannelFullMode.DropOldest }));
        lock (gate)
        {
            watchers.Add(watcher);
        }

        string[] filter = [session.Topics.Notice(topic)];
        await using var look = new SecondLook(token => session.Control.RenewAsync(filter, token), () => topic.IsRetained && watcher.Looks++ < Looks, time);
        try
        {
            await session.Control.SubscribeAsync(filter, cancellationToken);
            look.Start();
            await foreach (var notice in watcher.Notices.Reader.ReadAllAsync(cancellationToken))
            {
                yield return notice;
            }
        }
        finally
        {
            lock (gate)
            {
                watchers.Remove(watcher);
            }

            await session.Control.UnsubscribeAsync(filter, CancellationToken.None);
        }
    }

    public Task<Bulletin?> ReadAsync(BulletinTopic topic, TimeSpan bound, CancellationToken cancellationToken) => this.FirstAsync(topic, bound, time, cancellationToken);

    /// <summary>Passes a notice to who watches its topic.</summary>
    internal void Tell(Bulletin notice)
    {
        lock (gate)
        {
            foreach (var watcher in watchers)
            {
                if (watcher.Topic.Covers(notice.Topic) && watcher.IsNews(notice))
                {
                    watcher.Notices.Writer.TryWrite(notice);
                }
            }
        }
    }

    /// <summary>Ends all watches.</summary>
    internal void Close()
    {
        lock (gate)
        {
            foreach (var watcher in watchers)
            {
                watcher.Notices.Writer.TryComplete();
            }
        }
    }

    private sealed record Watcher(BulletinTopic Topic, Channel<Bulletin> Notices)
    {
        private readonly Dictionary<BulletinTopic, Bulletin> last = [];

        public int Looks { get; set; }

        public bool IsNews(Bulletin notice)
        {
            if (!notice.Topic.IsRetained)
            {
                return true;
            }

            if (last.TryGetValue(notice.Topic, out var known) && known.Json.Span.SequenceEqual(notice.Json.Span))
            {
                return false;
            }

            last[notice.Topic] = notice;
            return true;
        }
    }
}
