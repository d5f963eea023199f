using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Collaborative.Packets;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>All that a site says and hears: records, requests, rankings, packets, judgements, revocations. What cannot be read is told in one line and dropped.</summary>
internal sealed class SiteMail : IAsyncDisposable
{
    private const int PullsPerMinute = 60;
    private const int MostTaken = 64;
    private const int MostPacketBytes = 16 << 20;
    private const int QuietBatches = 20;
    private readonly RoleContext context;
    private readonly Site site;
    private readonly Story story;
    private readonly Func<long, CancellationToken, Task> comeTo;
    private readonly Func<CancellationToken, Task> keep;
    private readonly IChannel metadata;
    private readonly IChannel? requests;
    private readonly IChannel packets;
    private readonly Courier courier;
    private readonly Inbox inbox;
    private readonly RecordPublisher publisher;
    private readonly PullLimit limit;
    private readonly Attendance attendance;
    private readonly HelperDirectory? own;
    private readonly ulong[] labelIds;
    private readonly HashSet<(WorkerId Worker, long Incarnation)> heard = [];
    private long alarmed = long.MinValue / 2;
    private bool isDone;
    private bool isEnded;

    public SiteMail(RoleContext context, Site site, SiteSetup setup, Story story, Func<long, CancellationToken, Task> comeTo, Func<CancellationToken, Task> keep)
    {
        (this.context, this.site, this.story, this.comeTo, this.keep) = (context, site, story, comeTo, keep);
        Errands = new Errands(context.Time) { Last = (uint)(context.ChannelOf(FunctionTags.Exchange).Endpoint.Incarnation & 0xFFFF) << 16 };
        labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
        metadata = context.ChannelOf(FunctionTags.Announce);
        packets = context.ChannelOf(FunctionTags.Exchange);
        requests = metadata.Endpoint.OtherRole == context.Worker.Role ? null : context.ChannelOf(FunctionTags.Ask);
        courier = new Courier(context.Time, context.Logger);
        inbox = new Inbox(new[] { metadata, requests, packets }.OfType<IChannel>(), context.Time);
        publisher = new RecordPublisher(context.Time);
        limit = new PullLimit(context.Time, PullsPerMinute);
        attendance = new Attendance(() => context.CohortOf(metadata).Select(worker => worker.Id).Where(worker => worker != context.Worker.Id), context.Time, context.Job.Rounds.Patience);
        own = requests is null ? new HelperDirectory(site.Name, CanoeTerms.DirectoryOf(context.Job.Canoe), context.Time, peer => attendance.IsHere(new WorkerId(peer))) : null;
    }

    /// <summary>Requests under way; numbers begin with the run of the worker, so that an answer to its former life fits nothing.</summary>
    public Errands Errands { get; }

    /// <summary>The site's own ranking; null where a directory ranks.</summary>
    public HelperDirectory? Own => own;

    /// <summary>Batches before the first that counts.</summary>
    public required int WarmUp { get; init; }

    /// <summary>True where the job is over: the directory has said so or is gone for good, or all sites are done.</summary>
    public bool IsOver => isEnded || (isDone && attendance.IsOver);

    private long Batch => site.Batches - WarmUp;

    private TimeSpan Patience => context.Job.Rounds.Patience;

    /// <summary>Announces the site, so many batches strong.</summary>
    public async Task JoinAsync(long? samples, CancellationToken cancellationToken)
    {
        foreach (var channel in new[] { packets, requests, metadata }.OfType<IChannel>())
        {
            await channel.JoinAsync(new PeerCard(samples ?? 0), cancellationToken);
        }
    }

    /// <summary>Waits until everybody of the plan is there, at most so long.</summary>
    public async Task MeetAllAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        bool IsComplete() => attendance.IsComplete && context.CohortOf(packets).All(worker => worker.Id == context.Worker.Id || packets.Peers.Any(peer => peer.Worker == worker.Id));
        await TakeUntilAsync(() => IsComplete() ? TimeSpan.Zero : wait - context.Time.GetElapsedTime(start), cancellationToken);
        if (!IsComplete())
        {
            story.OutOfStep(Batch, "not everybody is there");
        }
    }

    /// <summary>Takes what has come, and what comes while time is left.</summary>
    public async Task TakeUntilAsync(Func<TimeSpan> left, CancellationToken cancellationToken)
    {
        for (var taken = 0; taken < MostTaken || left() > TimeSpan.Zero; taken++)
        {
            var wait = left();
            if (!await TakeAsync(wait < TimeSpan.FromSeconds(1) ? wait : TimeSpan.FromSeconds(1), cancellationToken) && wait <= TimeSpan.Zero)
            {
                return;
            }
        }
    }

    /// <summary>Takes one event; false where none came in time.</summary>
    public async Task<bool> TakeAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (await inbox.NextAsync(wait, cancellationToken) is not var (from, item))
        {
            return false;
        }

        if (from == metadata)
        {
            attendance.Note(item);
        }

        if (item is PeerLeft && from == metadata)
        {
            heard.RemoveWhere(run => run.Worker == item.Worker);
        }
        else if (item is PeerJoined { Peer: var peer } && from == metadata && Batch >= 0 && heard.Add((peer.Worker, peer.Incarnation)))
        {
            Greet(peer.Worker);
        }
        else if (item is PeerJoined && from == packets)
        {
            foreach (var source in site.Revoked)
            {
                TakeBack(item.Worker, source);
            }

            Repeat(packets, item.Worker, MessageKind.Pull, Errands.Owed(item.Worker.Value));
        }
        else if (item is PeerJoined && from == requests)
        {
            Repeat(requests, item.Worker, MessageKind.Request, Errands.Unanswered);
        }
        else if (item is MessageArrived arrived)
        {
            using (arrived)
            {
                await TakeAsync(from, arrived, cancellationToken);
            }
        }

        return true;
    }

    /// <summary>Hands the site what has come back before a batch; in lockstep exactly what is due by then.</summary>
    public async Task DeliverAsync(long batch, CancellationToken cancellationToken)
    {
        var due = batch - 1;
        if (context.Job.Canoe.Lockstep is { } lockstep)
        {
            due = batch - lockstep.Delay;
            var start = context.Time.GetTimestamp();
            await TakeUntilAsync(() => Errands.IsWaiting(due) ? lockstep.Wait - context.Time.GetElapsedTime(start) : TimeSpan.Zero, cancellationToken);
            if (Errands.IsWaiting(due))
            {
                story.OutOfStep(batch, "an answer that is due has not come");
            }
        }

        foreach (var part in Errands.Take(due))
        {
            Deliver(part, batch);
        }
    }

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

        foreach (var request in step.Requests.Where(request => context.Job.Canoe.Lockstep is not null || !Errands.IsUnderWay(request)))
        {
            Ask(Errands.Begin(request, batch), batch);
        }

        if (batch >= -1)
        {
            Announce();
        }
    }

    /// <summary>Tells how good the site is.</summary>
    public void Score(long batch, double accuracy) => story.Score(batch, accuracy);

    /// <summary>The stream is over; the site goes on helping until all are.</summary>
    public void Done(long batch)
    {
        isDone = true;
        story.Done(batch);
        foreach (var peer in metadata.Peers)
        {
            Send(metadata, peer.Worker, MessageKind.Done, ReadOnlyMemory<byte>.Empty);
        }
    }

    /// <summary>Believes a model no longer, and tells those to whom something of it may have gone: who has it from here believes this word.</summary>
    public async Task RevokeAsync(ulong source, string by, CancellationToken cancellationToken)
    {
        if (site.Revoked.Contains(source))
        {
            return;
        }

        site.Revoke(source);
        await keep(cancellationToken);
        story.Revoked(Batch, source, by);
        foreach (var peer in packets.Peers)
        {
            TakeBack(peer.Worker, source);
        }
    }

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await courier.FinishAsync(TimeSpan.FromSeconds(5));
        foreach (var channel in new[] { metadata, requests, packets }.OfType<IChannel>())
        {
            await channel.LeaveAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await courier.DisposeAsync();
        await inbox.DisposeAsync();
    }

    private void Repeat(IChannel channel, WorkerId to, MessageKind kind, IEnumerable<(KnowledgeRequest Request, long Batch)> forgotten)
    {
        foreach (var (request, batch) in forgotten)
        {
            Send(channel, to, kind, RequestMessage.Write(request), batch);
        }
    }

    // A record says the same to everybody; who has just come has heard none.
    private void Greet(WorkerId to)
    {
        Send(metadata, to, MessageKind.Record, RecordMessage.Write(site.Record()));
        if (isDone)
        {
            Send(metadata, to, MessageKind.Done, ReadOnlyMemory<byte>.Empty);
        }
    }

    private void Announce()
    {
        var record = site.Record();
        if (publisher.IsDue(record))
        {
            foreach (var peer in metadata.Peers)
            {
                heard.Add((peer.Worker, peer.Incarnation));
                Send(metadata, peer.Worker, MessageKind.Record, RecordMessage.Write(record));
            }
        }
    }

    private void Ask(KnowledgeRequest request, long batch)
    {
        story.Request(batch, request.Number, request);
        if (own is null)
        {
            foreach (var peer in requests!.Peers) // There is a directory where the site does not rank by itself.
            {
                Send(requests, peer.Worker, MessageKind.Request, RequestMessage.Write(request), batch);
            }
        }
        else
        {
            var helpers = own.Ask(request);
            story.Ranking(batch, request.Number, site.Name, helpers);
            Pull(request.Number, helpers, batch);
        }
    }

    private void Pull(uint number, IReadOnlyList<RankedHelper> helpers, long batch)
    {
        foreach (var part in Errands.Rank(number, helpers))
        {
            Send(packets, new WorkerId(part.Helper!), MessageKind.Pull, RequestMessage.Write(part.Request), batch); // Only parts with a helper come back.
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
        if (context.Job.Canoe.Lockstep is null && !part.Request.WantsModel && part.Request.Classes.All(demand => demand.Held == 0 && site.Ensemble.Stages.Any(stage => labelIds[stage.Label] == demand.LabelId && stage.Origin.Helper == helper)))
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
        story.Judged(batch, verdict, site.Ensemble.Stages.FirstOrDefault(stage => stage.Origin.Content == verdict.Content)?.Origin.ModelHash ?? 0);
        own?.Take(verdict);
        foreach (var peer in requests?.Peers ?? [])
        {
            Send(requests!, peer.Worker, MessageKind.Judgement, JudgementMessage.Write(verdict), batch); // It has peers.
        }
    }

    private async Task TakeAsync(IChannel from, MessageArrived arrived, CancellationToken cancellationToken)
    {
        var (sender, message) = (arrived.Worker, arrived.Message);
        try
        {
            switch (message.Kind)
            {
                case MessageKind.Look when from == metadata && own is null:
                    await comeTo(message.Round - 1, cancellationToken);
                    courier.Post(metadata, sender, new Message { Kind = MessageKind.Record, Round = message.Round, Head = RecordMessage.Write(site.Record()) }, Patience);
                    break;
                case MessageKind.Record when own is not null:
                    Publish(RecordMessage.Read(message.Head.Span, sender.Value, arrived.Incarnation));
                    break;
                case MessageKind.Ranking when from == requests:
                    var (number, helpers) = RankingMessage.Read(message.Head.Span);
                    Pull(number, helpers, Batch - 1);
                    break;
                case MessageKind.Pull when from == packets:
                    await HelpAsync(sender, RequestMessage.Read(message.Head.Span, sender.Value), message.Round, cancellationToken);
                    break;
                case MessageKind.Packet when from == packets:
                    Receive(sender, message);
                    break;
                case MessageKind.Revoke when from == packets:
                    await RevokeAsync(sender, message.Head, cancellationToken);
                    break;
                case MessageKind.Done when own is not null:
                    attendance.Done(sender);
                    break;
                case MessageKind.End when from == metadata && own is null:
                    isEnded = true;
                    break;
            }
        }
        catch (PayloadException error)
        {
            story.Refused(Batch, sender.Value, error.Message);
        }
    }

    private void Publish(SiteRecord record)
    {
        foreach (var (request, helper) in own!.Publish(record)) // Only a site that ranks takes records.
        {
            story.Ranking(Batch, request.Number, site.Name, [helper]);
            Pull(request.Number, [helper], Batch - 1);
        }
    }

    private async Task HelpAsync(WorkerId target, KnowledgeRequest request, int round, CancellationToken cancellationToken)
    {
        byte[]? packet = null;
        if (limit.Take(target))
        {
            if (context.Job.Canoe.Lockstep is not null)
            {
                await comeTo(round - 1, cancellationToken);
            }

            packet = await context.Compute.RunAsync(1, () => site.Help(request), cancellationToken);
            CrashPoint.Reach("packet-cut");
        }

        courier.Post(packets, target, new Message { Kind = MessageKind.Packet, Round = round, Head = new WireWriter().Int(request.Number).Bytes, Body = new ReadOnlySequence<byte>(packet ?? []) }, Patience);
        story.Sent(Batch, request.Number, target.Value, packet?.Length ?? 0, packet is null ? null : Story.Hex(PacketWriter.ContentHash(packet)));
    }

    private void Receive(WorkerId helper, Message message)
    {
        var reader = new WireReader(message.Head.Span, "packet's head");
        var number = reader.Int();
        reader.End();
        if (message.Body.Length > MostPacketBytes)
        {
            throw reader.Fault($"{message.Body.Length} bytes are more than {MostPacketBytes}");
        }

        var packet = message.Body.ToArray();
        if (!Errands.Answer(number, helper.Value, packet))
        {
            throw reader.Fault("nothing was asked of it");
        }

        if (packet.Length > 0)
        {
            CrashPoint.Reach("packet-received");
            story.Received(Batch, number, helper.Value, packet.Length, Story.Hex(PacketWriter.ContentHash(packet)));
        }
    }

    // Whoever gave something may take it back; whoever passed it on passes this on too, so that every descendant hears of it from a giver of its own.
    private async Task RevokeAsync(WorkerId giver, ReadOnlyMemory<byte> head, CancellationToken cancellationToken)
    {
        var source = Source(head.Span);
        if (site.Descends(source, giver.Value))
        {
            await RevokeAsync(source, giver.Value, cancellationToken);
        }
    }

    private void TakeBack(WorkerId from, ulong source) => courier.Post(packets, from, new Message { Kind = MessageKind.Revoke, Head = new WireWriter().Long(source).Bytes }, Patience);

    private static ulong Source(ReadOnlySpan<byte> head)
    {
        var reader = new WireReader(head, "revocation");
        var source = reader.Long();
        reader.End();
        return source;
    }

    private void Send(IChannel channel, WorkerId to, MessageKind kind, ReadOnlyMemory<byte> head, long batch = -1) =>
        courier.Post(channel, to, new Message { Kind = kind, Round = (int)(batch + 1), Head = head }, Patience);
}
