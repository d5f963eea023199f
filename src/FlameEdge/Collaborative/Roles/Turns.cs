using FlameEdge.Channels;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Keeps several targets in step: they learn each batch one after the other, and a site passes its turn on when everything it asked for has been answered.</summary>
internal sealed class Turns
{
    private readonly Outbox outbox;
    private readonly IChannel packets;
    private readonly WorkerId next;
    private readonly bool isLast;
    private long turn;

    private Turns(Outbox outbox, IChannel packets, WorkerId next, bool isFirst, bool isLast) =>
        (this.outbox, this.packets, this.next, this.isLast, turn) = (outbox, packets, next, isLast, isFirst ? 0 : -1);

    /// <summary>A site's place in the order; null for one that learns only as others need it, and where there is one target.</summary>
    public static Turns? Of(RoleContext context, IChannel packets, Outbox outbox)
    {
        if (context.Job.Canoe is not { Lockstep: not null, Stream: { } stream } || Travel.Of(stream) is not { } travel || travel.After(StoredSites.NumberOf(context.Worker.Id)) is not { } after)
        {
            return null;
        }

        var next = context.CohortOf(packets).First(worker => StoredSites.NumberOf(worker.Id) == after).Id;
        return new Turns(outbox, packets, next, isFirst: StoredSites.NumberOf(context.Worker.Id) == travel.First, isLast: after == travel.First);
    }

    /// <summary>True from when on the site may learn a batch.</summary>
    public bool IsDue(long batch) => turn >= batch;

    /// <summary>Somebody has passed the turn on.</summary>
    public void Take(Message message) => turn = Math.Max(turn, message.Round - 1);

    /// <summary>Passes the turn on; the last site begins the next batch with the first.</summary>
    public void Pass(long batch) => outbox.Send(packets, next, MessageKind.Turn, ReadOnlyMemory<byte>.Empty, isLast ? batch + 1 : batch);
}
