using FlameEdge.Channels;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A site as the one that helps: cuts what it is asked for, for nobody more often than sixty times a minute.</summary>
/// <param name="context">The job's terms.</param>
/// <param name="site">Who helps.</param>
/// <param name="story">Told of each answer.</param>
/// <param name="outbox">Sends.</param>
/// <param name="packets">To those who ask.</param>
/// <param name="comeTo">Learns up to a batch, in lockstep.</param>
/// <param name="offers">What it sends in place of its own answers; null for those.</param>
internal sealed class HelperDuty(RoleContext context, ISite site, Story story, Outbox outbox, IChannel packets, Func<long, CancellationToken, Task> comeTo, StoredOffers? offers)
{
    private const int PullsPerMinute = 60;
    private readonly PullLimit limit = new(context.Time, PullsPerMinute);

    /// <summary>Answers a request; with an empty packet where the site knows too little, or is asked too often.</summary>
    /// <param name="target">Who asks.</param>
    /// <param name="request">For what.</param>
    /// <param name="batch">The target's.</param>
    /// <param name="here">This site's own, for its story.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task HelpAsync(WorkerId target, KnowledgeRequest request, long batch, Func<long> here, CancellationToken cancellationToken)
    {
        byte[]? packet = null;
        if (limit.Take(target))
        {
            if (context.Job.Canoe.Lockstep is not null)
            {
                await comeTo(batch, cancellationToken);
            }

            packet = await context.Compute.RunAsync(1, () => offers is null ? site.Help(request) : offers.Next(request, site.Help), cancellationToken);
            CrashPoint.Reach("packet-cut");
        }

        outbox.Send(packets, target, MessageKind.Packet, new WireWriter().Int(request.Number).Bytes, batch, packet);
        story.Sent(here(), request.Number, target.Value, packet?.Length ?? 0, packet is null ? null : Story.Hex(PacketWriter.ContentHash(packet)));
    }
}
