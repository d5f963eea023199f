using FlameEdge.Channels;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A site's ends of its channels: takes what comes in its order and gives it to whoever it concerns. What cannot be read is told in one line and dropped.</summary>
internal sealed class SiteMail : IAsyncDisposable
{
    private const int MostTaken = 64;
    private readonly RoleContext context;
    private readonly ISite site;
    private readonly Story story;
    private readonly Func<long, CancellationToken, Task> comeTo;
    private readonly IChannel metadata;
    private readonly IChannel? requests;
    private readonly IChannel packets;
    private readonly Outbox outbox;
    private readonly Inbox inbox;
    private readonly Attendance attendance;
    private readonly Announcements announcements;
    private readonly TargetDuty target;
    private readonly HelperDuty helper;
    private readonly Revocations revocations;
    private readonly Turns? turns;
    private bool isEnded;

    public SiteMail(RoleContext context, ISite site, SiteSetup setup, Story story, StoredOffers? offers, Func<long, CancellationToken, Task> comeTo, Func<CancellationToken, Task> keep)
    {
        (this.context, this.site, this.story, this.comeTo) = (context, site, story, comeTo);
        metadata = context.ChannelOf(FunctionTags.Announce);
        packets = context.ChannelOf(FunctionTags.Exchange);
        requests = metadata.Endpoint.OtherRole == context.Worker.Role ? null : context.ChannelOf(FunctionTags.Ask);
        outbox = new Outbox(context);
        inbox = new Inbox(Channels, context.Time);
        attendance = new Attendance(() => context.CohortOf(metadata).Select(worker => worker.Id).Where(worker => worker != context.Worker.Id), context.Time, context.Job.Rounds.Patience);
        Own = requests is null ? new HelperDirectory(site.Name, CanoeTerms.DirectoryOf(context.Job.Canoe), context.Time, peer => attendance.IsHere(new WorkerId(peer))) : null;
        announcements = new Announcements(metadata, site, outbox, context.Time);
        target = new TargetDuty(context, site, [.. setup.Classes.Select(SiteSetup.LabelId)], story, outbox, requests, packets, Own);
        helper = new HelperDuty(context, site, story, outbox, packets, comeTo, offers);
        revocations = new Revocations(site, story, outbox, packets, keep);
        turns = Turns.Of(context, packets, outbox);
    }

    /// <summary>The site's own ranking; null where a directory ranks.</summary>
    public HelperDirectory? Own { get; }

    /// <summary>Batches before the first that counts.</summary>
    public required int WarmUp { get; init; }

    /// <summary>True where the job is over: the directory has said so or is gone for good, or all sites are done.</summary>
    public bool IsOver => isEnded || (announcements.IsDone && attendance.IsOver);

    private long Batch => site.Batches - WarmUp;

    private IEnumerable<IChannel> Channels => new[] { metadata, requests, packets }.OfType<IChannel>();

    /// <summary>Announces the site, so many batches strong.</summary>
    public async Task JoinAsync(long? samples, CancellationToken cancellationToken)
    {
        foreach (var channel in Channels.Reverse())
        {
            await channel.JoinAsync(new PeerCard(samples ?? 0), cancellationToken);
        }
    }

    /// <summary>Waits until everybody of the plan is there, as long as lockstep waits.</summary>
    public Task MeetAllAsync(CancellationToken cancellationToken) => AwaitAsync(
        () => attendance.IsComplete && context.CohortOf(packets).All(worker => worker.Id == context.Worker.Id || packets.Peers.Any(peer => peer.Worker == worker.Id)),
        Batch, "not everybody is there", cancellationToken);

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

        if (item is MessageArrived arrived)
        {
            using (arrived)
            {
                await TakeAsync(from, arrived, cancellationToken);
            }
        }
        else
        {
            Meet(from, item);
        }

        return true;
    }

    /// <summary>Waits where several targets are kept in step until this one may learn a batch.</summary>
    public Task AwaitTurnAsync(long batch, CancellationToken cancellationToken) =>
        turns is null ? Task.CompletedTask : AwaitAsync(() => turns.IsDue(batch), batch, "its turn has not come", cancellationToken);

    /// <summary>Lets the next target learn once everything asked for here has been answered.</summary>
    public async Task PassTurnAsync(long batch, CancellationToken cancellationToken)
    {
        if (turns is not null)
        {
            await AwaitAsync(() => !target.Errands.IsWaiting(batch), batch, "an answer has not come", cancellationToken);
            turns.Pass(batch);
        }
    }

    /// <summary>Hands the site what has come back before a batch; in lockstep exactly what is due by then.</summary>
    public async Task DeliverAsync(long batch, CancellationToken cancellationToken)
    {
        var due = batch - 1;
        if (context.Job.Canoe.Lockstep is { } lockstep)
        {
            due = batch - lockstep.Delay;
            await AwaitAsync(() => !target.Errands.IsWaiting(due), batch, "an answer that is due has not come", cancellationToken);
        }

        target.Deliver(due, batch);
    }

    /// <summary>Tells what came of a batch, and asks where the site wants to.</summary>
    public void Tell(SiteStep step, long batch)
    {
        target.Tell(step, batch);
        if (batch >= -1)
        {
            announcements.Announce();
        }
    }

    /// <summary>The stream is over; the site goes on helping until all are.</summary>
    public void Done(long batch)
    {
        story.Done(batch);
        announcements.Done();
    }

    /// <summary>Believes a model no longer, and tells those to whom something of it may have gone.</summary>
    public Task RevokeAsync(ulong source, string by, CancellationToken cancellationToken) => revocations.RevokeAsync(source, by, Batch, cancellationToken);

    /// <summary>Hands over what is still to be sent, and leaves all channels.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await outbox.FinishAsync(TimeSpan.FromSeconds(5));
        foreach (var channel in Channels)
        {
            await channel.LeaveAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await outbox.DisposeAsync();
        await inbox.DisposeAsync();
    }

    // Goes on taking what comes, as long as lockstep waits.
    private async Task AwaitAsync(Func<bool> isSo, long batch, string complaint, CancellationToken cancellationToken)
    {
        var (start, wait) = (context.Time.GetTimestamp(), context.Job.Canoe.Lockstep!.Wait); // Only in lockstep does anybody wait.
        await TakeUntilAsync(() => isSo() ? TimeSpan.Zero : wait - context.Time.GetElapsedTime(start), cancellationToken);
        if (!isSo())
        {
            story.OutOfStep(batch, complaint);
        }
    }

    // Somebody came or went. Who has come back has forgotten what it was asked.
    private void Meet(IChannel from, ChannelEvent item)
    {
        if (item is PeerLeft && from == metadata)
        {
            announcements.Forget(item.Worker);
        }
        else if (item is PeerJoined { Peer: var peer } && from == metadata && Batch >= 0)
        {
            announcements.Greet(peer);
        }
        else if (item is PeerJoined && from == packets)
        {
            revocations.Greet(item.Worker);
            outbox.Repeat(packets, item.Worker, MessageKind.Pull, target.Errands.Owed(item.Worker.Value));
        }
        else if (item is PeerJoined && from == requests)
        {
            outbox.Repeat(requests, item.Worker, MessageKind.Request, target.Errands.Unanswered);
        }
    }

    private async Task TakeAsync(IChannel from, MessageArrived arrived, CancellationToken cancellationToken)
    {
        var (sender, message) = (arrived.Worker, arrived.Message);
        try
        {
            switch (message.Kind)
            {
                case MessageKind.Look when from == metadata && Own is null:
                    await comeTo(message.Round - 1, cancellationToken);
                    announcements.Tell(sender, message.Round - 1);
                    break;
                case MessageKind.Record when Own is not null:
                    target.Publish(RecordMessage.Read(message.Head.Span, sender.Value, arrived.Incarnation), Batch);
                    break;
                case MessageKind.Ranking when from == requests:
                    var (number, helpers) = RankingMessage.Read(message.Head.Span);
                    target.Pull(number, helpers, Batch - 1);
                    break;
                case MessageKind.Pull when from == packets:
                    await helper.HelpAsync(sender, RequestMessage.Read(message.Head.Span, sender.Value), message.Round - 1, () => Batch, cancellationToken);
                    break;
                case MessageKind.Packet when from == packets:
                    target.Receive(sender, message, Batch);
                    break;
                case MessageKind.Turn when from == packets:
                    turns?.Take(message);
                    break;
                case MessageKind.Revoke when from == packets:
                    await revocations.HearAsync(sender, message.Head, Batch, cancellationToken);
                    break;
                case MessageKind.Done when Own is not null:
                    attendance.Done(sender);
                    break;
                case MessageKind.End when from == metadata && Own is null:
                    isEnded = true;
                    break;
            }
        }
        catch (PayloadException error)
        {
            story.Refused(Batch, sender.Value, error.Message);
        }
    }
}
