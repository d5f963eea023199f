using FlameEdge.Channels;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>What a site says of itself on the metadata channel: its record when it has changed, to whoever joins, and on demand; and that its stream is over.</summary>
internal sealed class Announcements(IChannel metadata, ISite site, Outbox outbox, TimeProvider time)
{
    private readonly RecordPublisher publisher = new(time);
    private readonly HashSet<(WorkerId Worker, long Incarnation)> heard = [];

    /// <summary>True once the site's stream is over.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Tells everybody, where there is something to tell.</summary>
    public void Announce()
    {
        var record = site.Record();
        if (!publisher.IsDue(record))
        {
            return;
        }

        foreach (var peer in metadata.Peers)
        {
            heard.Add((peer.Worker, peer.Incarnation));
            outbox.Send(metadata, peer.Worker, MessageKind.Record, RecordMessage.Write(record));
        }
    }

    /// <summary>Tells who has just come. A record says the same to everybody; a new run of a worker has heard none.</summary>
    public void Greet(Peer peer)
    {
        if (!heard.Add((peer.Worker, peer.Incarnation)))
        {
            return;
        }

        Tell(peer.Worker);
        if (IsDone)
        {
            outbox.Send(metadata, peer.Worker, MessageKind.Done, ReadOnlyMemory<byte>.Empty);
        }
    }

    /// <summary>Tells one worker what is known now, as of a batch.</summary>
    public void Tell(WorkerId to, long batch = -1) => outbox.Send(metadata, to, MessageKind.Record, RecordMessage.Write(site.Record()), batch);

    /// <summary>A worker has gone: should it come back, it has heard nothing.</summary>
    public void Forget(WorkerId worker) => heard.RemoveWhere(run => run.Worker == worker);

    /// <summary>The stream is over.</summary>
    public void Done()
    {
        IsDone = true;
        foreach (var peer in metadata.Peers)
        {
            outbox.Send(metadata, peer.Worker, MessageKind.Done, ReadOnlyMemory<byte>.Empty);
        }
    }
}
