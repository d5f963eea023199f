using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Control.Content;
using FlameEdge.Control.Fleet;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Control.Jobs;

/// <summary>Runs jobs on a fleet: takes what operators want, gives agents their tasks, follows what they report. One loop decides; it may be killed at any moment and goes on where it was.</summary>
/// <param name="bulletin">Where everybody posts.</param>
/// <param name="channels">Carries the jobs' <c>spec</c> channels.</param>
/// <param name="state">What it remembers; its own folder.</param>
/// <param name="options">Names and times.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it says what people should know.</param>
public sealed partial class Controller(IBulletin bulletin, IChannelBackend channels, IStateStore state, ControllerOptions options, TimeProvider time, ILogger<Controller> logger)
{
    // Notices wait here while one review is written to disk; a full queue slows its watchers.
    private const int QueueLength = 8192;
    private static readonly TimeSpan EchoPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NoticePatience = TimeSpan.FromSeconds(2);
    private readonly Channel<Action<Moment>> happenings = Channel.CreateBounded<Action<Moment>>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private readonly ControllerCore core = new(options);
    private readonly Outbox outbox = new(bulletin);
    private readonly IBlobStore blobs = state.BlobsOf(ContentEndpoint.Controller);
    private readonly Dictionary<string, Task> fetches = new(StringComparer.Ordinal);
    private readonly long start = time.GetTimestamp();
    private int echoes;
    private (int Number, TimeSpan At)? echo;
    private int connection;
    private readonly HashSet<string> arriving = new(StringComparer.Ordinal);
    private CancellationTokenSource? watchingAlive;
    private ContentDesk? deskInUse;
    private bool hasWaste;
    private bool isListingAsked;

    /// <summary>Its epoch; 0 until it has claimed one.</summary>
    public long Epoch => core.Epoch;

    /// <summary>Notices of others that could not be read.</summary>
    public long Dropped => core.Intake.Dropped;

    private AgentId Self => new(options.Name);

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="ChannelException">Another controller is in charge (<see cref="ChannelFault.Fenced"/>).</exception>
    /// <exception cref="StateException">What it must remember cannot be written.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var desk = new ContentDesk(channels, blobs, options, time, (job, agent, note) => Tell(now => Offered(job, agent, note, stopping.Token)));
        await using var open = desk;
        List<Task> running = [];
        try
        {
            core.Load(await state.ReadAsync(ControllerCore.Self, ControllerCore.Self, stopping.Token), (await state.ListAsync(ControllerCore.Jobs, stopping.Token)).Select(entry => entry.Value));
            running.AddRange(Topics().Select(topic => WatchAsync(topic, stopping.Token)));
            running.Add(WatchAliveAsync(stopping.Token));
            await SettleAsync(stopping.Token);
            running.Add(outbox.RunAsync(stopping.Token));
            deskInUse = desk;
            await LoopAsync(desk, running, stopping.Token);
        }
        finally
        {
            await stopping.CancelAsync();
            await Task.WhenAll([.. running, .. fetches.Values]).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            watchingAlive?.Dispose();
        }
    }

    private Moment Now => new(time.GetElapsedTime(start), time.GetUtcNow());

    private IEnumerable<BulletinTopic> Topics() =>
    [
        BulletinTopic.AnyOfFleet(BulletinKind.Birth),
        BulletinTopic.AnyOfFleet(BulletinKind.State),
        BulletinTopic.AnyOfFleet(BulletinKind.Task),
        BulletinTopic.AnyOfFleet(BulletinKind.Metrics),
        BulletinTopic.AnyOfFleet(BulletinKind.Event),
        BulletinTopic.OfFleet(Self, BulletinKind.Config),
        BulletinTopic.AnyJob(BulletinKind.Desired),
        BulletinTopic.AnyJob(BulletinKind.State),
        BulletinTopic.AnyJob(BulletinKind.Round),
    ];

    /// <summary>Reads what stands at the broker, claims the next epoch before anybody is told anything, and leaves others the time to object.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        await HearAsync(options.Settling, cancellationToken);
        await state.CommitAsync(core.Claim(), cancellationToken);
        var birth = new ControllerBirth { Controller = options.Name, Epoch = core.Epoch, Session = options.Session, Version = options.Version };
        await bulletin.PostAsync(BulletinTopic.OfFleet(Self, BulletinKind.Birth), FleetJson.Write(birth, FleetJson.Default.ControllerBirth), cancellationToken);
        await HearAsync(options.Settling, cancellationToken);
        LogStarted(options.Name, core.Epoch, core.Lives.Count);
    }

    private async Task HearAsync(TimeSpan span, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(span, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            while (true)
            {
                (await happenings.Reader.ReadAsync(either.Token))(Now);
                RequireInCharge();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Heard enough.
        }
    }

    private async Task LoopAsync(ContentDesk desk, List<Task> running, CancellationToken cancellationToken)
    {
        while (true)
        {
            var effects = core.Review(Now);
            RequireInCharge();
            await CarryOutAsync(effects, desk, cancellationToken);
            await WaitAsync(effects, cancellationToken);
            while (happenings.Reader.TryRead(out var happening))
            {
                happening(Now);
            }

            RequireInCharge();
            if (running.Find(task => task.IsFaulted) is { } broken)
            {
                await broken;
            }
        }
    }

    private async Task CarryOutAsync(Effects effects, ContentDesk desk, CancellationToken cancellationToken)
    {
        foreach (var (_, content) in effects.Content)
        {
            await blobs.PutAsync(new(content), cancellationToken);
        }

        if (effects.Changes.Count > 0)
        {
            CrashPoint.Reach("controller-before-commit");
            await state.CommitAsync(effects.Changes, cancellationToken);
            CrashPoint.Reach("controller-after-commit");
        }

        await desk.OpenAsync(core.Desks(), core.Epoch, cancellationToken);
        foreach (var (topic, json) in effects.Notices)
        {
            outbox.Post(topic, json);
        }

        if (effects.WantsEcho && (echo is null || Now.Own - echo.Value.At > EchoPatience))
        {
            echo = (++echoes, Now.Own);
            outbox.Post(BulletinTopic.OfFleet(Self, BulletinKind.Event), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"echo":{{echoes}},"session":"{{options.Session}}"}""")));
        }

        TellListing();
        foreach (var submission in effects.Fetches)
        {
            Start($"files of {submission.Job}", FetchFilesAsync(desk, submission, cancellationToken));
        }

        if (effects.HasWaste || hasWaste)
        {
            await SweepAsync(cancellationToken);
        }
    }

    private void TellListing()
    {
        if (!isListingAsked)
        {
            return;
        }

        isListingAsked = false;
        foreach (var page in FleetListing.Pages(core.Fleet.Agents.Where(agent => agent.Birth is not null).Select(agent => agent.Name), core.Lives.Keys))
        {
            outbox.Post(BulletinTopic.OfFleet(Self, BulletinKind.Event), FleetJson.Write(page, FleetJson.Default.FleetListing));
        }
    }

    private async Task WaitAsync(Effects effects, CancellationToken cancellationToken)
    {
        if (effects.DueIn is not { } due)
        {
            await happenings.Reader.WaitToReadAsync(cancellationToken);
            return;
        }

        using var over = new CancellationTokenSource(due < TimeSpan.FromHours(1) ? due : TimeSpan.FromHours(1), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            await happenings.Reader.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It is time to look again.
        }
    }

    private void RequireInCharge()
    {
        if (core.Superseded is { } why)
        {
            throw new ChannelException(why) { Fault = ChannelFault.Fenced };
        }
    }

    private async Task WatchAsync(BulletinTopic topic, CancellationToken cancellationToken)
    {
        await foreach (var notice in bulletin.WatchAsync(topic, cancellationToken))
        {
            await happenings.Writer.WriteAsync(now => Take(notice, now, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Life signs are read anew after every reconnect of our own: the broker repeats who is there, and whoever it does not name is in doubt.</summary>
    private async Task WatchAliveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var again = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Interlocked.Exchange(ref watchingAlive, again)?.Dispose();
            try
            {
                await WatchAsync(BulletinTopic.AnyOfFleet(BulletinKind.Alive), again.Token);
                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Once more.
            }
        }
    }

    private void Take(Bulletin notice, Moment now, CancellationToken cancellationToken)
    {
        if (notice.Topic == BulletinTopic.OfFleet(Self, BulletinKind.Event))
        {
            TakeEcho(notice.Json.Span);
        }
        else if (notice.Topic is { Job: null, Kind: BulletinKind.Event })
        {
            // Agents speak here too; of a question any number is answered once.
            isListingAsked |= FleetJson.Read(notice.Json.Span, FleetJson.Default.FleetQuestion) is { Ask: "listing" };
        }
        else if (notice.Topic == BulletinTopic.OfFleet(Self, BulletinKind.Alive))
        {
            TakeOwnSign(notice.Json.Span, now);
        }
        else if (notice.Topic is { Job: null, Kind: BulletinKind.Metrics, Agent: { } agent })
        {
            Meet(agent, cancellationToken);
        }
        else
        {
            core.Intake.Take(notice, now);
        }
    }

    // Some brokers tell a wildcard nothing of what stands retained (RabbitMQ): an agent that was there first, or before our own new connection, is known by its heartbeat,
    // and its notices are read by their own names.
    private void Meet(AgentId agent, CancellationToken cancellationToken)
    {
        if (SafeName.IsSafe(agent.Value) && core.Fleet.Find(agent.Value) is null or { Birth: null } or { LostSince: not null } && fetches.GetValueOrDefault($"notices of {agent}") is not { IsCompleted: false })
        {
            Start($"notices of {agent}", ReadNoticesAsync(agent, cancellationToken));
        }
    }

    private async Task ReadNoticesAsync(AgentId agent, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var kind in new[] { BulletinKind.Alive, BulletinKind.Task, BulletinKind.State, BulletinKind.Birth })
            {
                if (await bulletin.ReadAsync(BulletinTopic.OfFleet(agent, kind), NoticePatience, cancellationToken) is { } notice)
                {
                    await happenings.Writer.WriteAsync(now => Take(notice, now, cancellationToken), cancellationToken);
                }
            }
        }
        catch (ChannelException exception)
        {
            LogNotRead(agent.Value, exception.Message);
        }
    }

    private void TakeEcho(ReadOnlySpan<byte> json)
    {
        if (FleetJson.Read(json, FleetJson.Default.JsonObject) is { } said && echo is { } asked
            && said["session"]?.ToString() == options.Session && said["echo"]?.ToString() == asked.Number.ToString(CultureInfo.InvariantCulture))
        {
            core.Fleet.Echoed(asked.At);
            echo = null;
        }
    }

    // Each connection of ours is announced with a number of its own.
    private void TakeOwnSign(ReadOnlySpan<byte> json, Moment now)
    {
        if (PresenceJson.ReadAlive(json) is { State: AliveNote.Online } sign && sign.Session == options.Session && sign.Connection > connection)
        {
            var isFirst = connection == 0;
            connection = sign.Connection;
            if (!isFirst)
            {
                LogReconnected(options.Name);
                echo = null;
                core.Fleet.Reconnected(now.Own);
                watchingAlive?.Cancel();
            }
        }
    }

    private void Tell(Action<Moment> happening)
    {
        // From a channel's pump: it must not wait. A lost note is repeated by the next checkpoint.
        happenings.Writer.TryWrite(happening);
    }

    private void Offered(string job, string agent, CheckpointNote note, CancellationToken cancellationToken)
    {
        // One at a time per job: when it is there, the next round's note is more worth than this one's.
        if (deskInUse is { } desk && core.Lives.GetValueOrDefault(job)?.Wants(note, agent) == true && fetches.GetValueOrDefault($"checkpoint of {job}") is not { IsCompleted: false })
        {
            arriving.Add(note.Hash);
            Start($"checkpoint of {job}", FetchCheckpointAsync(desk, job, agent, note, cancellationToken));
        }
    }

    private void Start(string what, Task fetch) => fetches[what] = fetch;

    private async Task FetchCheckpointAsync(ContentDesk desk, string job, string agent, CheckpointNote note, CancellationToken cancellationToken)
    {
        var isThere = false;
        try
        {
            await desk.FetchAsync(job, agent, note.Hash, cancellationToken);
            isThere = true;
        }
        catch (ChannelException exception)
        {
            LogNotFetched(job, exception.Message);
        }

        await happenings.Writer.WriteAsync(_ => Keep(job, agent, note, isThere), cancellationToken);
    }

    private void Keep(string job, string agent, CheckpointNote note, bool isThere)
    {
        arriving.Remove(note.Hash);
        hasWaste = true;
        if (isThere && core.Lives.GetValueOrDefault(job) is { } life && life.Wants(note, agent))
        {
            life.Keep(note);
        }
    }

    private async Task FetchFilesAsync(ContentDesk desk, Submission submission, CancellationToken cancellationToken)
    {
        string? fault = null;
        try
        {
            foreach (var hash in submission.Wish.Files?.Values.Distinct(StringComparer.Ordinal) ?? [])
            {
                await desk.FetchAsync(submission.Job, submission.Operator, hash, cancellationToken);
            }
        }
        catch (ChannelException exception)
        {
            fault = exception.Message;
        }

        await happenings.Writer.WriteAsync(now => core.Fetched(submission, fault, now), cancellationToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var used = core.Used();
        foreach (var hash in (await blobs.ListAsync(cancellationToken)).Where(hash => !used.Contains(hash) && !arriving.Contains(hash)))
        {
            await blobs.DeleteAsync(hash, cancellationToken);
        }

        hasWaste = false;
    }

    [LoggerMessage(LogLevel.Information, "controller {Name} is in charge with epoch {Epoch} and {Jobs} jobs")]
    private partial void LogStarted(string name, long epoch, int jobs);

    [LoggerMessage(LogLevel.Warning, "controller {Name} has a new connection; who is not seen again in time counts as lost")]
    private partial void LogReconnected(string name);

    [LoggerMessage(LogLevel.Warning, "what agent {Agent} has posted was not read: {Why}")]
    private partial void LogNotRead(string agent, string why);

    [LoggerMessage(LogLevel.Warning, "a checkpoint of job {Job} was not fetched: {Why}")]
    private partial void LogNotFetched(string job, string why);
}
