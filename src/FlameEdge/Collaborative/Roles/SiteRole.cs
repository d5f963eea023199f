using FlameEdge.Channels;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Streams;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>
/// A Canoe site as a worker of a job: learns its stream batch by batch, asks when its world changes, and helps others all the while. Steps:
/// <c>open &gt;&gt; (meet &gt;&gt; learn &gt;&gt; keep &gt;&gt; tell)* &gt;&gt; serve &gt;&gt; leave</c>.
/// </summary>
/// <param name="context">The worker's place, channels and data.</param>
/// <param name="rows">Opens the rows it learns from; the job's dataset or stored stream where null.</param>
public sealed class SiteRole(RoleContext context, Func<RoleContext, CancellationToken, Task<IBatchSource>>? rows = null) : IRole
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly CanoeSpec terms = context.Job.Canoe;
    private IBatchSource? source;
    private ISiteModel? model;
    private ISite? site;
    private Story? story;
    private SiteMail? mail;
    private readonly SiteMemory memory = new(context.State, context.Worker.Id);
    private SiteStep? step;
    private long kept;
    private long started;

    private long Index => site!.Batches; // Open since the first step.

    private long Batch => Index - source!.WarmUp;

    /// <summary>True in lockstep where the stream has no rows for this site: it learns only as far as others need it.</summary>
    private bool IsFollower => terms.Lockstep is not null && source is Bench.StoredBatches { HasStream: false };

    private bool IsStreamOver => source!.Length is { } length && Index >= length;

    /// <summary>True where a site has stored what it learned.</summary>
    public static async Task<bool> HasProgressAsync(IStateStore state, CancellationToken cancellationToken) => (await state.ListAsync(SiteMemory.Collection, cancellationToken)).Count > 0;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("open", OpenAsync)
        >> Loop.Until(() => IsStreamOver || mail!.IsOver || (IsFollower && Batch >= 0), new Tasklet("meet", MeetAsync) >> new Tasklet("learn", LearnAsync) >> new Tasklet("keep", RememberAsync) >> new Tasklet("tell", TellAsync))
        >> new Tasklet("serve", ServeAsync)
        >> new Tasklet("leave", LeaveAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (mail is not null)
        {
            await mail.DisposeAsync();
        }

        model?.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        source = await (rows ?? Sources.OpenAsync)(context, cancellationToken);
        var setup = Sources.SetupOf(context, source);
        model = Sources.ModelOf(context, source);
        site = Sources.SiteOf(context, source, model);
        story = new Story(context, source.Classes);
        mail = new SiteMail(context, site, setup, story, Sources.OffersOf(context, source), ComeToAsync, KeepAsync) { WarmUp = source.WarmUp };
        if (await memory.RecallAsync(site, mail.Own, cancellationToken))
        {
            story.Restored(Batch, site.Specialists.Select(held => SiteSetup.LabelId(source.Classes[held.Label])));
        }

        foreach (var hash in terms.Revoked)
        {
            await mail.RevokeAsync(hash, "the job", cancellationToken);
        }

        await mail.JoinAsync(source.Length, cancellationToken);
        if (terms.Lockstep is not null)
        {
            await mail.MeetAllAsync(cancellationToken);
        }
    }

    // Takes what has come until the next batch is due.
    private async Task MeetAsync(CancellationToken cancellationToken)
    {
        if (Batch < 0)
        {
            return;
        }

        if (started == 0)
        {
            started = context.Time.GetTimestamp();
            if (Batch == 0) // A restart in the middle begins nothing.
            {
                story!.Warm(); // Open since the first step.
            }
        }

        var pace = terms.BatchesPerSecond > 0 ? TimeSpan.FromSeconds(1 / terms.BatchesPerSecond) : TimeSpan.Zero;
        await mail!.TakeUntilAsync(() => pace - context.Time.GetElapsedTime(started), cancellationToken);
        started = context.Time.GetTimestamp();
        await mail.AwaitTurnAsync(Batch, cancellationToken);
        await mail.DeliverAsync(Batch, cancellationToken);
    }

    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        var index = Index;
        site!.IsAsking = source!.MayAsk(index);
        var batch = source.At(index);
        step = await context.Compute.RunAsync(1, () => site.Learn(batch), cancellationToken);
    }

    // Before anybody hears of a decision it is durable: who was told that a specialist is in use can rely on it.
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        if (step is { Verdicts.Count: > 0 } or { Recalled.Count: > 0 } or { Retired.Count: > 0 } || Index - kept >= terms.SaveEvery || Batch == 0)
        {
            CrashPoint.Reach("site-decided");
            await KeepAsync(cancellationToken);
            CrashPoint.Reach("site-kept");
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        await memory.KeepAsync(site!, mail!.Own, cancellationToken);
        kept = Index;
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        mail!.Tell(step!, Batch - 1); // Learned just now.
        if (terms.ScoreEvery > 0 && Index % terms.ScoreEvery == 0 && source!.Test(Index - 1) is { } test)
        {
            story!.Score(Batch - 1, site!.Score(test));
        }

        if (Batch > 0)
        {
            await mail.PassTurnAsync(Batch - 1, cancellationToken);
        }
    }

    // A follower comes as far as the target is; everybody else is where it is.
    private async Task ComeToAsync(long batch, CancellationToken cancellationToken)
    {
        while (IsFollower && Batch < batch && !IsStreamOver)
        {
            await LearnAsync(cancellationToken);
        }
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        await KeepAsync(cancellationToken);
        mail!.Done(Batch);
        while (!mail.IsOver)
        {
            await mail.TakeAsync(Look, cancellationToken);
        }
    }

    // The job is over; a broker that is over too must not keep its workers.
    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await mail!.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Nobody is left to be told.
        }
    }
}
