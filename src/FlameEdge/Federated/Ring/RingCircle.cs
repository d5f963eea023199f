using System.Buffers;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Federated.Ring;

/// <summary>
/// One member of a group that sums changes around a ring. The lowest member present coordinates: it brings everybody to the same standing, begins a sum of those who are ready, and, when all of them
/// say that they hold the same result, makes it valid. A member that dies in the midst of it ends that try, and those who remain begin another with their own changes, so that nothing is counted twice.
/// </summary>
/// <remarks>What only a few have made valid before they died is taken over when they come back, or given up where the others are further: the furthest standing wins, then the one most have.</remarks>
internal sealed partial class RingCircle : IAsyncDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    // A member that says more is wrong, or means harm: sums of weights and the count of sums must not overflow.
    private const long LargestWeight = 1L << 48;
    private const int LargestLeap = 1 << 20;

    // Said again from time to time: whatever was lost on the way, the coordinator knows it soon.
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly IRingWork work;
    private readonly ChannelInbox inbox;
    private readonly BackgroundSends sends;
    private readonly CancellationTokenSource stopping;
    private readonly RingTable table = new();
    private readonly HashSet<WorkerId> seen = [];
    private readonly Dictionary<WorkerId, string> refused = [];
    private readonly HashSet<(WorkerId, long, RingStanding)> handed = [];
    private readonly List<MessageArrived> stash = [];
    private Task<ChannelEvent?>? reading;
    private CancellationTokenSource training = new();
    private Task<RingChange>? learning;
    private RingChange? change;
    private RingAttempt? attempt;
    private (WorkerId Worker, long Incarnation)? told;
    private (WorkerId Worker, long At)? wanted;
    private int newest;
    private int said;
    private long toldAt;
    private int failures;
    private long opened;
    private long begun;
    private long heard;
    private bool hasGathered;
    private EndHead? end;

    public RingCircle(RoleContext context, IChannel channel, IRingWork work, CancellationToken cancellationToken)
    {
        (this.context, this.channel, this.work, led) = (context, channel, work, work as ILedWork);
        inbox = new ChannelInbox(channel, context.Time);
        stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        sends = new BackgroundSends(channel, context.Time, context.Logger, stopping.Token);
        heard = opened = context.Time.GetTimestamp();
    }

    /// <summary>How the group ended; null while it has not.</summary>
    public EndHead? End => end;

    /// <summary>True where this member is the lowest present.</summary>
    public bool IsCoordinator => Coordinator == Self;

    private WorkerId Self => context.Worker.Id;

    private RoundSpec Rounds => context.Job.Rounds;

    // The others of the group.
    private List<WorkerId> Cohort => [.. context.CohortOf(channel).Select(worker => worker.Id).Where(worker => worker != Self)];

    private WorkerId Coordinator => inbox.Present.Keys.Append(Self).MinBy(worker => worker.Value, StringComparer.Ordinal);

    private TimeSpan Silence => (Rounds.Deadline + Rounds.Patience) * 2;

    private TimeSpan Age => context.Time.GetElapsedTime(opened);

    /// <summary>Meets the others.</summary>
    public Task JoinAsync(long samples, CancellationToken cancellationToken)
    {
        announced[Self] = samples;
        joined = context.Time.GetTimestamp();
        return channel.JoinAsync(new PeerCard(samples), cancellationToken);
    }

    /// <summary>Goes on until this member stands somewhere else, or the group has ended.</summary>
    /// <exception cref="JobFailedException">Too few came, or the coordinator is silent.</exception>
    public async Task MoveAsync(CancellationToken cancellationToken)
    {
        await OpenAsync();
        var before = work.Standing;
        if (work.CanTrain)
        {
            learning = work.TrainAsync(training.Token);
        }

        Place(isReady: false);
        while (work.Standing == before && end is null && led?.End is null)
        {
            RequireProgress();
            TellIfNew();
            await CoordinateAsync(cancellationToken);
            if (work.Standing != before || led?.End is not null)
            {
                break;
            }

            await WaitAsync(cancellationToken);
        }
    }

    /// <summary>Stays until everybody has what this member has, or the coordinator says that it is over; <paramref name="tell"/> runs at the coordinator.</summary>
    public async Task FinishAsync(Func<EndHead> tell, CancellationToken cancellationToken)
    {
        await OpenAsync();
        Place(isReady: false);
        EndHead? own = null;
        while (end is null && own is null)
        {
            TellIfNew();
            if (IsCoordinator)
            {
                own = tell();
                await AwaitOthersAsync(cancellationToken);
                own = IsCoordinator ? own : null;
            }
            else if (Age > Silence)
            {
                return;
            }
            else
            {
                await WaitAsync(cancellationToken);
            }
        }

        await LeaveAsync(own, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopTrainingAsync();
        await stopping.CancelAsync();
        await sends.DisposeAsync();
        await inbox.DisposeAsync();
        stash.ForEach(item => item.Dispose());
        training.Dispose();
        stopping.Dispose();
    }

    // A new round: what was known of the last is over, where the others stand is not.
    private async Task OpenAsync()
    {
        await StopTrainingAsync();
        training.Dispose();
        training = new CancellationTokenSource();
        (attempt, change, wanted) = (null, null, null);
        failures = 0;
        refused.Clear();
        handed.Clear();
        seen.Clear();
        seen.UnionWith(inbox.Present.Keys);
        heard = opened = context.Time.GetTimestamp();
        told = null;
    }

    private async Task StopTrainingAsync()
    {
        await training.CancelAsync();
        if (learning is not null)
        {
            // A fault of it has been told where it was waited for, or is nobody's any more.
            await ((Task)learning).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            learning = null;
        }
    }

    private void Place(bool isReady, string? refusal = null) =>
        table[Self] = new RingPlace(work.Standing, channel.Endpoint.Incarnation, change?.Samples ?? 0, isReady, refusal, change?.Loss);

    private void RequireProgress()
    {
        if (IsCoordinator && attempt is null && led?.IsLed != true && Age > Rounds.Deadline + Rounds.Patience)
        {
            var ready = table.All.Count(member => member.Place.IsReady);
            throw new JobFailedException($"{Self} has {ready} of {Cohort.Count + 1} members of its ring ready after {Age.TotalSeconds:0} s and needs {Quorum}. Start them, raise rounds.patience or lower rounds.quorum, and go on with --resume.") { IsTimeout = true };
        }

        if (!IsCoordinator && context.Time.GetElapsedTime(heard) > Silence)
        {
            throw new JobFailedException($"{Self} heard nothing from {Coordinator}, which coordinates its ring, for {Silence.TotalSeconds:0} s although it is there") { IsTimeout = true };
        }
    }

    private int Quorum => Rounds.QuorumOf(Cohort.Count + 1);

    // An event, the end of the training, or a moment to look again.
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        reading ??= inbox.NextAsync(Idle, stopping.Token);
        using var look = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pause = Task.Delay(NextLook(), context.Time, look.Token);
        await Task.WhenAny(new[] { reading, pause, learning, led?.News }.OfType<Task>());
        await look.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (learning?.IsCompleted == true)
        {
            await LearnedAsync();
        }

        if (reading.IsCompleted)
        {
            var item = await reading;
            reading = null;
            await TakeAsync(item, cancellationToken);
        }
    }

    private TimeSpan NextLook()
    {
        var next = attempt?.Coordinator == Self ? Deadline - context.Time.GetElapsedTime(begun) : Age < Deadline ? Deadline - Age : TimeSpan.FromSeconds(1);
        return next < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : next < TimeSpan.FromSeconds(5) ? next : TimeSpan.FromSeconds(5);
    }

    private async Task LearnedAsync()
    {
        var learned = await learning!; // not null: asked by who calls.
        learning = null;
        var worst = ParameterMath.LargestMagnitude(learned.Values);
        change = learned;
        var refusal = float.IsFinite(worst) && worst <= Rounds.LargestValue ? null
            : float.IsFinite(worst) ? $"a value of {worst:g3} is beyond rounds.largestValue, {Rounds.LargestValue}" : "its change is not finite";
        if (refusal is not null)
        {
            change = null;
        }

        Place(isReady: refusal is null, refusal);
        told = null;
        CrashPoint.Reach("ring-trained");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker} cannot read a message of {From}: {Cause}")]
    private static partial void LogUnreadable(ILogger logger, WorkerId worker, WorkerId from, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Worker}: sum {Order} begins anew without {Lost}")]
    private static partial void LogAgain(ILogger logger, WorkerId worker, int order, WorkerId lost);
}
