using FlameEdge.Channels;
using FlameEdge.Collaborative.Bench;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Diagnostics;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>The directory of a Canoe job: hears what sites know, ranks helpers, keeps trust, and says when all streams are over. It never sees a row or a model. Steps: <c>open &gt;&gt; (serve)* &gt;&gt; leave</c>.</summary>
public sealed class DirectoryRole(RoleContext context) : IRole
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly IChannel metadata = context.ChannelOf(FunctionTags.Collect);
    private readonly IChannel requests = context.ChannelOf(FunctionTags.Rank);
    private readonly Courier courier = new(context.Time, context.Logger);
    private readonly Story story = new(context, context.Job.Canoe.Classes);
    private readonly TrustBook trust = new(context.State, context.Worker.Id);
    private readonly Dictionary<WorkerId, int> looked = [];
    private readonly Queue<MessageArrived> held = new();
    private readonly Travel? travel = context.Job.Canoe is { Lockstep: not null, Stream: { } stream } ? Travel.Of(stream) : null;
    private Attendance? attendance;
    private HelperDirectory? directory;
    private Inbox? inbox;

    private TimeSpan Patience => context.Job.Rounds.Patience;

    /// <inheritdoc/>
    public Step Compose() => new Tasklet("open", OpenAsync) >> Loop.Until(() => attendance is { IsOver: true }, new Tasklet("serve", ServeAsync)) >> new Tasklet("leave", LeaveAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await courier.DisposeAsync();
        if (inbox is not null)
        {
            await inbox.DisposeAsync();
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        attendance = new Attendance(() => context.CohortOf(metadata).Select(worker => worker.Id), context.Time, Patience);
        directory = new HelperDirectory(context.Worker.Role.Value, CanoeTerms.DirectoryOf(context.Job.Canoe), context.Time, site => attendance.IsHere(new WorkerId(site)));
        await trust.LoadAsync(directory, cancellationToken);
        inbox = new Inbox([metadata, requests], context.Time);
        await requests.JoinAsync(new PeerCard(0), cancellationToken);
        await metadata.JoinAsync(new PeerCard(0), cancellationToken);
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        if (held.TryDequeue(out var waiting))
        {
            await TakeAsync(waiting, cancellationToken);
        }
        else if (await inbox!.NextAsync(Look, cancellationToken) is { } next)
        {
            await TakeAsync(next, cancellationToken);
        }
    }

    private async Task TakeAsync((IChannel From, ChannelEvent Event) next, CancellationToken cancellationToken)
    {
        if (next.From == metadata)
        {
            attendance!.Note(next.Event);
        }

        if (next.Event is MessageArrived arrived)
        {
            await TakeAsync(arrived, cancellationToken);
        }
    }

    private async Task TakeAsync(MessageArrived arrived, CancellationToken cancellationToken)
    {
        using (arrived)
        {
            var site = arrived.Worker.Value;
            try
            {
                switch (arrived.Message.Kind)
                {
                    case MessageKind.Record:
                        Publish(arrived, RecordMessage.Read(arrived.Message.Head.Span, site, arrived.Incarnation));
                        break;
                    case MessageKind.Request:
                        await RankAsync(RequestMessage.Read(arrived.Message.Head.Span, site), arrived.Message.Round, cancellationToken);
                        break;
                    case MessageKind.Judgement:
                        directory!.Take(JudgementMessage.Read(arrived.Message.Head.Span, site));
                        await trust.SaveAsync(directory, cancellationToken);
                        CrashPoint.Reach("trust-kept");
                        break;
                    case MessageKind.Done:
                        attendance!.Done(arrived.Worker);
                        break;
                }
            }
            catch (PayloadException error)
            {
                story.Refused(0, site, error.Message);
            }
        }
    }

    private void Publish(MessageArrived arrived, SiteRecord record)
    {
        looked[arrived.Worker] = arrived.Message.Round;
        if (travel is not null && arrived.Message.Round == 0)
        {
            return; // Where a class travels, only those count who were asked.
        }

        foreach (var (request, helper) in directory!.Publish(record))
        {
            if (context.Job.Canoe.Lockstep is null)
            {
                Answer(request, 0, [helper]);
            }
        }
    }

    private async Task RankAsync(KnowledgeRequest request, int round, CancellationToken cancellationToken)
    {
        if (context.Job.Canoe.Offers is not null && !request.WantsModel)
        {
            Answer(request, round, Offering(request));
            return;
        }

        if (context.Job.Canoe.Lockstep is { } lockstep)
        {
            await GatherAsync(new WorkerId(request.Target), round, lockstep.Wait, cancellationToken);
        }

        var helpers = directory!.Ask(request);
        CrashPoint.Reach("helpers-ranked");
        Answer(request, round, helpers);
    }

    // A stream with bad packets says who sends them, however little it is trusted by then.
    private RankedHelper[] Offering(KnowledgeRequest request) =>
        [.. context.CohortOf(metadata).Where(worker => StoredSites.NumberOf(worker.Id) == StoredOffers.Helper).Select(worker => new RankedHelper(worker.Id.Value, [.. request.Classes.Select(demand => demand.LabelId)], 1))];

    private void Answer(KnowledgeRequest request, int round, IReadOnlyList<RankedHelper> helpers)
    {
        courier.Post(requests, new WorkerId(request.Target), new Message { Kind = MessageKind.Ranking, Round = round, Head = RankingMessage.Write(request.Number, helpers) }, Patience);
        story.Ranking(round - 1, request.Number, request.Target, helpers);
    }

    // In step with the target: every other site comes to its batch and says what it knows then. A site that does not in time counts with its last record.
    private async Task GatherAsync(WorkerId target, int round, TimeSpan wait, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        WorkerId[] others = [.. context.CohortOf(metadata).Select(worker => worker.Id).Where(worker => travel is null ? worker != target : StoredSites.NumberOf(worker) == travel.Candidate(round - 1))];
        foreach (var other in others)
        {
            courier.Post(metadata, other, new Message { Kind = MessageKind.Look, Round = round }, wait);
        }

        while (!others.All(other => looked.GetValueOrDefault(other) == round))
        {
            var left = wait - context.Time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                story.OutOfStep(round - 1, $"no record of {string.Join(", ", others.Where(other => looked.GetValueOrDefault(other) != round))} came in time");
                return;
            }

            if (await inbox!.NextAsync(left, cancellationToken) is not { } next)
            {
                continue;
            }

            if (next.Event is MessageArrived { Message.Kind: MessageKind.Request } another)
            {
                held.Enqueue(another);
            }
            else
            {
                await TakeAsync(next, cancellationToken);
            }
        }
    }

    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        foreach (var site in metadata.Peers)
        {
            courier.Post(metadata, site.Worker, new Message { Kind = MessageKind.End }, Farewell);
        }

        await courier.FinishAsync(Farewell);
        await metadata.LeaveAsync(cancellationToken);
        await requests.LeaveAsync(cancellationToken);
    }
}
