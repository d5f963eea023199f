using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>
/// Says which trainer works with which aggregator in the middle, and which of these take part, by what former rounds took. The top aggregator asks before each round; models never pass here.
/// Steps: <c>initialize &gt;&gt; coordinate* &gt;&gt; leave</c>. Settings of its role: <c>stragglerFactor</c>, <c>longestBackOff</c>, <c>every</c>.
/// </summary>
public sealed class Coordinator(RoleContext context) : IRole
{
    private const string Collection = "coordination";

    // Aggregators ask by themselves for a plan that did not reach them; who is slow to take one must not hold the others up.
    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly CoordinatorSeats seats = new(context);
    private readonly Dictionary<string, CoordinationMessage> measured = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> delays = new(StringComparer.Ordinal);
    private readonly HashSet<string> delivered = new(StringComparer.Ordinal);
    private Planner? planner;
    private BackgroundSends? answers;
    private CoordinatorState? state;
    private long heard;
    private bool isOver;

    private RoundSpec Rounds => context.Job.Rounds;

    private WorkerId Self => context.Worker.Id;

    /// <inheritdoc/>
    public Step Compose() =>
        new Tasklet("initialize", InitializeAsync)
        >> Loop.Until(() => isOver, new Tasklet("coordinate", CoordinateAsync))
        >> new Tasklet("leave", LeaveAsync);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (answers is not null)
        {
            await answers.DisposeAsync();
        }

        await seats.DisposeAsync();
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        planner = new Planner(CoordinationSettings.Of(context.Role, seats.IsAsynchronous));
        answers = new BackgroundSends(seats.Top, context.Time, context.Logger, cancellationToken);
        if (await context.State.ReadAsync(Collection, Self.Value, cancellationToken) is { } json)
        {
            state = FederatedJson.Read(json, FederatedJson.Default.CoordinatorState);
        }

        heard = context.Time.GetTimestamp();
        await seats.JoinAsync(cancellationToken);
    }

    private async Task CoordinateAsync(CancellationToken cancellationToken)
    {
        var (channel, item) = await seats.NextAsync(Left(), cancellationToken);
        if (item is null)
        {
            return;
        }

        if (channel == seats.Top)
        {
            heard = context.Time.GetTimestamp();
        }

        if (item is MessageArrived arrived)
        {
            using (arrived)
            {
                await TakeAsync(channel!, arrived, cancellationToken); // Not null: it brought something.
            }
        }
    }

    // Between two questions lies a round; without a top there is nothing to wait for but its return.
    private TimeSpan Left()
    {
        var bound = seats.Top.Peers.Count > 0 ? (Rounds.Deadline * 2) + Rounds.Patience : Rounds.Patience;
        var left = bound - context.Time.GetElapsedTime(heard);
        return left > TimeSpan.Zero ? left
            : throw new JobFailedException($"{Self} heard nothing from {seats.Top.Endpoint.OtherRole} for {bound.TotalSeconds:0} s. Start it, or raise rounds.patience.") { IsTimeout = true };
    }

    private async Task TakeAsync(IChannel channel, MessageArrived arrived, CancellationToken cancellationToken)
    {
        if (arrived.Message.Kind == MessageKind.End)
        {
            isOver |= channel == seats.Top;
            return;
        }

        if (arrived.Message.Kind != MessageKind.Plan)
        {
            return;
        }

        try
        {
            var message = CoordinationMessage.Read(arrived.Message);
            if (message.Step == CoordinationMessage.Ask && channel == seats.Top)
            {
                await AnswerAsync(arrived.Worker, message, cancellationToken);
            }
            else if (channel == seats.Middle && message.Step == CoordinationMessage.Ask)
            {
                await RepeatAsync(arrived.Worker, message, cancellationToken);
            }
            else if (channel == seats.Middle && message.Step == CoordinationMessage.Measured)
            {
                measured[arrived.Worker.Value] = message;
            }
        }
        catch (PayloadException)
        {
            // A message that cannot be read is none; whoever needs an answer asks again.
        }
    }

    private async Task AnswerAsync(WorkerId top, CoordinationMessage question, CancellationToken cancellationToken)
    {
        if (state?.Run != question.Run)
        {
            // One that lost its disk must not give numbers that are taken.
            state = new() { Run = question.Run, Plan = Math.Max(0, question.Number) };
            delivered.Clear();
        }

        if (state.Assignment.Count == 0 || state.Round != question.Round)
        {
            if (state.Assignment.Count == 0)
            {
                await seats.SettleAsync(Settling, cancellationToken);
            }

            var before = state;
            var next = planner!.Decide(planner.Learn(state, question.Seconds ?? new Dictionary<string, double?>(StringComparer.Ordinal), measured, question.Waiting), question.Round, seats.Groups(), seats.Present());
            await context.State.CommitAsync([new StateChange(Collection, Self.Value, FederatedJson.Write(next, FederatedJson.Default.CoordinatorState), IsManifest: true)], cancellationToken);
            CrashPoint.Reach("plan-kept");
            state = next;
            if (state.Plan != before.Plan)
            {
                delivered.Clear();
            }
        }

        var isNew = delivered.Count == 0;
        await DeliverAsync(cancellationToken);
        if (isNew)
        {
            CoordinationStory.Tell(context, state, delays);
        }

        var current = state;
        var answer = new CoordinationMessage { Step = CoordinationMessage.Plan, Run = current.Run, Round = current.Round, Number = current.Plan, Members = [.. current.Assignment.Keys] }.ToMessage();
        answers!.Send(top, () => answer, () => ReferenceEquals(state, current) && seats.Top.Peers.Any(peer => peer.Worker == top));
        CrashPoint.Reach("plan-answered");
    }

    // Before the top acts on it, each aggregator of the plan has its part: a coordinator that dies then holds nobody up. The time it takes is the delay to it and back.
    private Task DeliverAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(state!.Assignment.Keys.Where(name => !delivered.Contains(name)).ToList().Select(name => DeliverAsync(new WorkerId(name), cancellationToken)));

    private async Task DeliverAsync(WorkerId aggregator, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(Delivery, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        var start = context.Time.GetTimestamp();
        try
        {
            await seats.Middle.SendAsync(aggregator, PartOf(aggregator), both.Token);
            lock (delivered)
            {
                delivered.Add(aggregator.Value);
                delays[aggregator.Value] = context.Time.GetElapsedTime(start).TotalSeconds;
            }
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is away: it asks when it is back and a model names this plan.
        }
    }

    private async Task RepeatAsync(WorkerId aggregator, CoordinationMessage question, CancellationToken cancellationToken)
    {
        if (state is not null && state.Run == question.Run && state.Plan == question.Number && state.Assignment.ContainsKey(aggregator.Value))
        {
            await DeliverAsync(aggregator, cancellationToken);
        }
    }

    private Message PartOf(WorkerId aggregator) =>
        new CoordinationMessage { Step = CoordinationMessage.Plan, Run = state!.Run, Round = state.Round, Number = state.Plan, Members = state.Assignment[aggregator.Value] }.ToMessage();

    private async Task LeaveAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await seats.LeaveAsync(both.Token);
        }
        catch (Exception error) when (error is ChannelException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            context.Observer.Say(Self, $"could not say good-bye: {error.Message}");
        }
    }
}
