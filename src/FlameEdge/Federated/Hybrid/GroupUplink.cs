using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated.Hybrid;

/// <summary>A leader's end of the channel above: joined while it leads its group, left when another member does. Called from one task.</summary>
internal sealed partial class GroupUplink : IAsyncDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly ModelFeed feed;
    private readonly ModelReader reader;
    private readonly UpdateWriter writer;
    private readonly UpdateSender sender;
    private CancellationTokenSource tenure = new();
    private Task<ModelRequest?>? asking;
    private Task<bool>? sending;
    private ModelRequest? request;
    private Task? superseded;

    public GroupUplink(RoleContext context, IChannel channel)
    {
        (this.context, this.channel) = (context, channel);
        feed = new ModelFeed(channel, context.Time, (_, round, verdict) => LogVerdict(context.Logger, context.Worker.Id.Value, round, verdict.Answer, verdict.Reason ?? string.Empty));
        reader = new ModelReader(context.DownCodecOf(channel));
        writer = new UpdateWriter(context.UpCodecOf(channel), context.State, context.Worker.Id);
        sender = new UpdateSender(context, channel);
    }

    /// <summary>True while this member stands on the channel.</summary>
    public bool IsJoined { get; private set; }

    /// <summary>How the job ended; null while it has not.</summary>
    public EndHead? End => feed.End;

    /// <summary>Completes when <see cref="LookAsync"/> has something new.</summary>
    public Task? News => (Task?)sending ?? asking ?? superseded;

    private RoundSpec Rounds => context.Job.Rounds;

    /// <summary>Presents the group above, with what it has to learn from.</summary>
    public async Task JoinAsync(long samples, CancellationToken cancellationToken)
    {
        // What came before this member led may be long over.
        feed.Forget();
        IsJoined = true;
        await channel.JoinAsync(new PeerCard(samples), cancellationToken);
        Ask();
        context.Observer.Say(context.Worker.Id, "leads its group");
    }

    /// <summary>Another member leads from now on, or the job is over.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        IsJoined = false;
        await StopAsync();
        tenure.Dispose();
        tenure = new CancellationTokenSource();
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await channel.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(context.Worker.Id, $"could not take its leave above: {error.Message}");
        }
    }

    /// <summary>The model the group is asked to work on as of now; null while nobody asks, or its answer is on its way.</summary>
    /// <exception cref="JobFailedException">Nobody is above, or is silent, for too long.</exception>
    public async Task<ModelRequest?> LookAsync()
    {
        if (sending is { IsCompleted: true })
        {
            if (!await sending)
            {
                // A piece of it may still be under way.
                writer.Abandon();
            }

            sending = null;
            Ask();
        }

        if (sending is null && request is not null && feed.Superseded.IsCancellationRequested)
        {
            Ask();
        }

        if (asking is { IsCompleted: true })
        {
            request = await asking;
            asking = null;
            superseded = request is null ? null : Task.Delay(Timeout.InfiniteTimeSpan, context.Time, feed.Superseded);
        }

        return sending is null ? request : null;
    }

    /// <summary>The values of the model asked for; null where it comes as a change of one that is not held here, or cannot be read: it will come again.</summary>
    public async Task<ParameterSet?> ReadAsync(ParameterLayout layout, CancellationToken cancellationToken)
    {
        var asked = request!; // not null: LookAsync gave it.
        try
        {
            if (reader.TryRead(asked.Head, asked.Arrived.Message.Body, layout) is { } model)
            {
                // The reader makes the next one in the same memory.
                return model.Clone();
            }

            feed.Finish(asked);
            await sender.AskAsync(asked.From, asked.Round, feed.Superseded, cancellationToken);
        }
        catch (Exception error) when (error is PayloadException or ModelMismatchException)
        {
            LogUnreadable(context.Logger, context.Worker.Id.Value, asked.Round, error.Message);
        }

        Ask();
        return null;
    }

    /// <summary>Sends the group's part up, until it has arrived or is no longer wanted. A codec's error stays with who leads.</summary>
    public void Send(UpdateHead head, ParameterSet mean, List<WorkerVerdict> report)
    {
        var asked = request!; // not null: it is what the part answers.
        sending = SendAsync(tenure.Token);

        async Task<bool> SendAsync(CancellationToken cancellationToken)
        {
            // What a codec leaves out takes the place of what it is given.
            var (entry, body) = await writer.KeepAsync(asked.Round, head, mean.Clone(), report, cancellationToken);
            CrashPoint.Reach("group-kept");
            var isSent = await sender.SendAsync(asked.From, asked.Round, entry.Head, body, entry.Report, Task.CompletedTask, feed.Superseded, cancellationToken);
            CrashPoint.Reach("group-sent");
            return isSent;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await feed.DisposeAsync();
        tenure.Dispose();
    }

    private void Ask()
    {
        (request, superseded) = (null, null);
        asking = feed.NextAsync(Rounds.Patience, (Rounds.Deadline * 2) + Rounds.Patience, tenure.Token);
    }

    private async Task StopAsync()
    {
        await tenure.CancelAsync();
        foreach (var task in new Task?[] { asking, sending }.OfType<Task>())
        {
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (sending is not null)
        {
            writer.Abandon();
        }

        (asking, sending, request, superseded) = (null, null, null, null);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Worker}: its group's part in round {Round} was answered '{Answer}' {Reason}")]
    private static partial void LogVerdict(ILogger logger, string worker, int round, string answer, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker} cannot read the model of round {Round}: {Cause}")]
    private static partial void LogUnreadable(ILogger logger, string worker, int round, string cause);
}
