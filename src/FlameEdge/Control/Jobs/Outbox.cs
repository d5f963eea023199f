using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;

namespace FlameEdge.Control.Jobs;

/// <summary>Posts notices one after the other, so that a broker that is away holds nobody up. Of a retained notice only the newest waits.</summary>
internal sealed class Outbox(IBulletin bulletin)
{
    // Events that wait; the oldest tell least.
    private const int MostEvents = 1024;
    private readonly Lock gate = new();
    private readonly LinkedList<(BulletinTopic Topic, byte[]? Json)> waiting = [];
    private readonly Dictionary<BulletinTopic, LinkedListNode<(BulletinTopic Topic, byte[]? Json)>> retained = [];
    private readonly Channel<bool> posted = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private int events;

    /// <summary>Posts later; a null text takes a retained notice down.</summary>
    public void Post(BulletinTopic topic, byte[]? json)
    {
        lock (gate)
        {
            if (topic.IsRetained)
            {
                // The newer one takes the place of the newest: what was posted between them must come first.
                if (retained.Remove(topic, out var older))
                {
                    waiting.Remove(older);
                }

                retained[topic] = waiting.AddLast((topic, json));
            }
            else
            {
                if (++events > MostEvents && First() is { } oldest)
                {
                    waiting.Remove(oldest);
                    events--;
                }

                waiting.AddLast((topic, json));
            }
        }

        posted.Writer.TryWrite(true);
    }

    /// <summary>Posts until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Take() is not var (topic, json))
            {
                await posted.Reader.ReadAsync(cancellationToken);
                continue;
            }

            try
            {
                await (json is null ? bulletin.ClearAsync(topic, cancellationToken) : bulletin.PostAsync(topic, json, cancellationToken));
            }
            catch (ChannelException)
            {
                // What is retained is repeated after the next connect; an event told too late tells nothing.
            }
        }
    }

    private (BulletinTopic Topic, byte[]? Json)? Take()
    {
        lock (gate)
        {
            if (waiting.First is not { } first)
            {
                return null;
            }

            waiting.RemoveFirst();
            if (!first.Value.Topic.IsRetained)
            {
                events--;
            }
            else if (retained.GetValueOrDefault(first.Value.Topic) == first)
            {
                retained.Remove(first.Value.Topic);
            }

            return first.Value;
        }
    }

    private LinkedListNode<(BulletinTopic Topic, byte[]? Json)>? First()
    {
        var node = waiting.First;
        while (node is { Value.Topic.IsRetained: true })
        {
            node = node.Next;
        }

        return node;
    }
}
