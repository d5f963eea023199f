using FlameEdge.Channels;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A site as the one that is helped: asks whoever ranks, fetches from whom is named, hands over what comes, and tells what it was worth.</summary>
/// <param name="context">The job's terms.</param>
/// <param name="site">Who is helped.</param>
/// <param name="labelIds">Its classes or regions, in their order.</param>
/// <param name="story">Told of each step.</param>
/// <param name="outbox">Sends.</param>
/// <param name="requests">To the directory; null where the site ranks by itself.</param>
/// <param name="packets">To helpers.</param>
/// <param name="own">The site's own ranking; null where a directory ranks.</param>
internal sealed class TargetDuty(RoleContext context, ISite site, IReadOnlyList<ulong> labelIds, Story story, Outbox outbox, IChannel? requests, IChannel packets, HelperDirectory? own)
{
    private const int MostPacketBytes = 16 << 20;
    private const int QuietBatches = 20;
    private long alarmed = long.MinValue / 2;

    /// <summary>Requests under way; numbers begin with the run of the worker, so that an answer to its former life fits nothing.</summary>
    public Errands Errands { get; } = new(context.Time) { Last = (uint)(packets.Endpoint.Incarnation & 0xFFFF) << 16 };

    private bool IsFree => context.Job.Canoe.Lockstep is null;

    /// <summary>Tells what came of a batch, and asks where the site wants to.</summary>
    public void Tell(SiteStep step, long batch)
    {
        if (step.Alarm && batch >= 0)
        {
            story.Drift(batch, isNews: batch - alarmed > QuietBatches);
            alarmed = batch;
        }

        foreach (var verdict in step.Verdicts)
        {
            Judge(verdict, batch);
        }

        foreach (var stage in step.Retired)
        {
            story.Retired(batch, labelIds[stage.Label], stage.Origin);
        }

        if (step.Recalled.Count > 0)
        {
            story.Recalled(batch, step.Recalled.Select(label => labelIds[label]));
        }

        Ask(step.Requests, batch);
    }

    /// <summary>Asks those whom a directory has named.</summary>
    public void Pull(uint number, IReadOnlyList<RankedHelper> helpers, long batch)
    {
        foreach (var part in Errands.Rank(number, helpers))
        {
            outbox.Send(packets, new WorkerId(part.Helper!), MessageKind.Pull, RequestMessage.Write(part.Request), batch); // Only parts with a helper come back.
        }
    }

    /// <summary>A site that ranks by itself has heard a record, which may answer what nobody could.</summary>
    public void Publish(SiteRecord record, long batch)
    {
        foreach (var (request, helper) in own!.Publish(record)) // Only a site that ranks takes records.
        {
            story.Ranking(batch, request.Number, site.Name, [helper]);
            Pull(request.Number, [helper], batch - 1);
        }
    }

    /// <summary>A helper has answered.</summary>
    /// <exception cref="PayloadException">It is no answer, or one that nobody asked for.</exception>
    public void Receive(WorkerId helper, Message message, long batch)
    {
        var reader = new WireReader(message.Head.Span, "packet's head");
        var number = reader.Int();
        reader.End();
        if (message.Body.Length > MostPacketBytes)
        {
            throw reader.Fault($"{message.Body.Length} bytes are more than {MostPacketBytes}");
        }

        var packet = System.Buffers.BuffersExtensions.ToArray(message.Body);
        if (!Errands.Answer(number, helper.Value, packet))
        {
            throw reader.Fault("nothing was asked of it");
        }

        if (packet.Length > 0)
        {
            CrashPoint.Reach("packet-received");
            story.Received(batch, number, helper.Value, packet.Length, Story.Hex(PacketWriter.ContentHash(packet)));
        }
    }

    /// <summary>Hands the site what has come back for requests begun at <paramref name="due"/> or before.</summary>
    public void Deliver(long due, long batch)
    {
        foreach (var part in Errands.Take(due))
        {
            Deliver(part, batch);
        }
    }

    // Not while the same is under way.
    private void Ask(IReadOnlyList<KnowledgeRequest> wanted, long batch)
    {
        foreach (var request in Single(wanted).Where(request => !IsFree || !Errands.IsUnderWay(request)))
        {
            Ask(Errands.Begin(request, batch), batch);
        }
    }

    // A stream's bad packets are of one class each.
    private IEnumerable<KnowledgeRequest> Single(IReadOnlyList<KnowledgeRequest> wanted) => context.Job.Canoe.Offers is null
        ? wanted
        : wanted.SelectMany(request => request.WantsModel ? [request] : request.Classes.Select(demand => request with { Classes = [demand] }));

    private void Ask(KnowledgeRequest request, long batch)
    {
        story.Request(batch, request.Number, request);
        if (own is null)
        {
            foreach (var peer in requests!.Peers) // There is a directory where the site does not rank by itself.
            {
                outbox.Send(requests, peer.Worker, MessageKind.Request, RequestMessage.Write(request), batch);
            }
        }
        else
        {
            var helpers = own.Ask(request);
            story.Ranking(batch, request.Number, site.Name, helpers);
            Pull(request.Number, helpers, batch);
        }
    }

    private void Deliver(Part part, long batch)
    {
        if (part.Helper is not { } helper || part.Packet.IsEmpty)
        {
            foreach (var demand in part.Request.Classes)
            {
                site.Decline(demand.LabelId);
            }

            return;
        }

        // Asked twice because the first answer was slow: one will do.
        if (IsFree && !part.Request.WantsModel && part.Request.Classes.All(demand => demand.Held == 0 && site.Specialists.Any(held => labelIds[held.Label] == demand.LabelId && held.Origin.Helper == helper)))
        {
            return;
        }

        try
        {
            site.Deliver(part.Packet.Span, helper);
        }
        catch (PayloadException error)
        {
            story.Refused(batch, helper, error.Message);
            foreach (var demand in part.Request.Classes)
            {
                site.Pass(demand.LabelId, helper);
                Judge(new Verdict(site.Name, helper, demand.LabelId, PacketWriter.ContentHash(part.Packet.Span), Refusal.Unreadable, 0), batch);
            }
        }
    }

    private void Judge(Verdict verdict, long batch)
    {
        story.Judged(batch, verdict, site.Specialists.Select(held => held.Origin).FirstOrDefault(origin => origin.Content == verdict.Content)?.ModelHash ?? 0);
        own?.Take(verdict);
        foreach (var peer in requests?.Peers ?? [])
        {
            outbox.Send(requests!, peer.Worker, MessageKind.Judgement, JudgementMessage.Write(verdict), batch); // It has peers.
        }
    }
}
