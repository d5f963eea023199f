using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Selection;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated.Coordination;

/// <summary>
/// An aggregator's end of coordination. The top asks once a round who takes part, and every model carries the number of the plan it goes by; an aggregator in the middle works with the trainers
/// that plan gives it, and the top counts only those who went by its own: so each trainer counts once, whoever died meanwhile. Without an answer in time the last plan holds on.
/// </summary>
internal sealed class PlanFollower : IAsyncDisposable
{
    private const string Collection = "plans";
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
    private readonly RoleContext context;
    private readonly IChannel channel;
    private readonly ChannelInbox inbox;
    private readonly BackgroundSends sends;
    private readonly bool isTop;
    private FollowedPlan? plan;
    private CollectedRound? told;
    private Dictionary<string, double?> seconds = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, double>? waiting;
    private bool isGivenUp;

    private PlanFollower(RoleContext context, IChannel channel)
    {
        (this.context, this.channel) = (context, channel);
        inbox = new ChannelInbox(channel, context.Time);
        sends = new BackgroundSends(channel, context.Time, context.Logger, CancellationToken.None);
        isTop = !context.Job.Graph.Channels.Any(spec => spec.Has(context.Worker.Role, FunctionTags.Fetch));
    }

    /// <summary>The channel to a coordinator; null where the role has none.</summary>
    public static IChannel? ChannelOf(RoleContext context) =>
        context.Job.Graph.Channels.Any(spec => spec.Has(context.Worker.Role, FunctionTags.Coordinate)) ? context.ChannelOf(FunctionTags.Coordinate) : null;

    /// <summary>The aggregator's end; null where nobody coordinates.</summary>
    public static PlanFollower? For(RoleContext context) => ChannelOf(context) is { } channel ? new(context, channel) : null;

    /// <summary>Shows itself to the coordinator.</summary>
    public Task JoinAsync(CancellationToken cancellationToken) => channel.JoinAsync(new PeerCard(0), cancellationToken);

    /// <summary>Who takes part in a round: aggregators for the top, trainers for one in the middle. Empty where the plan the model goes by cannot be had.</summary>
    /// <exception cref="JobFailedException">The top has never heard of a coordinator.</exception>
    public async Task<Choice> ChooseAsync(RoundTerms terms, IReadOnlyList<WorkerId> cohort, CancellationToken cancellationToken)
    {
        if (context.Replay?.Round(terms.Round) is { } script)
        {
            return Of(Former(script, cohort), 0);
        }

        await LoadAsync(terms.Run, cancellationToken);
        if (!isTop)
        {
            await HearAsync(answer => answer.Number == terms.Plan, new() { Step = CoordinationMessage.Ask, Run = terms.Run, Number = terms.Plan }, Bound(), cancellationToken);
            return Of(plan?.Number == terms.Plan ? Members(cohort) : [], terms.Plan);
        }

        if (plan is not { Number: > 0 } || plan.Round != terms.Round)
        {
            var question = new CoordinationMessage { Step = CoordinationMessage.Ask, Run = terms.Run, Round = terms.Round, Number = plan?.Number ?? 0, Seconds = seconds, Waiting = waiting };
            var isHeard = await HearAsync(answer => answer.Round == terms.Round, question, plan is null ? context.Job.Rounds.Patience : Bound(), cancellationToken);
            if (plan is null)
            {
                throw new JobFailedException($"{context.Worker.Id} had no plan from its {channel.Endpoint.OtherRole} within {context.Job.Rounds.Patience.TotalSeconds:0} s. Start it, or raise rounds.patience.") { IsTimeout = true };
            }

            if (!isHeard)
            {
                context.Observer.Say(context.Worker.Id, $"round {terms.Round}: its {channel.Endpoint.OtherRole} does not answer; it goes on with plan {plan.Number}");
                await KeepAsync(plan with { Round = terms.Round }, cancellationToken);
            }
        }

        return Of(Members(cohort), plan.Number);
    }

    /// <summary>Takes in what a round took: the top tells it with its next question, the others at once. Telling the same round twice changes nothing.</summary>
    /// <param name="round">The round.</param>
    /// <param name="unanswered">Where nobody is waited for: seconds for which workers have had a model and not answered.</param>
    public void Learn(CollectedRound round, IReadOnlyDictionary<string, double>? unanswered = null)
    {
        if (round.Choice is not { } choice || ReferenceEquals(told, round))
        {
            return;
        }

        told = round;
        if (isTop)
        {
            waiting = unanswered;

            // Where nobody is waited for, who brought nothing yet may bring it later.
            seconds = choice.Chosen.Where(worker => !round.WaitsForNobody || round.IsCounted(worker)).ToDictionary(worker => worker.Value, worker => round.UpdateOf(worker)?.Effort?.Seconds, StringComparer.Ordinal);
            return;
        }

        var message = new CoordinationMessage
        {
            Step = CoordinationMessage.Measured,
            Run = round.Terms.Run,
            Round = round.Terms.Round,
            Number = choice.Plan,
            Busy = round.Busy.TotalSeconds,
            Took = choice.SinceChosen.TotalSeconds,
            Updates = [.. round.Counted.Where(update => update.Effort is not null).Select(update => new MeasuredUpdate(update.Member, update.Effort!.Seconds, update.Effort.Trained, update.Effort.Bytes))], // Not null: just asked.
        }.ToMessage();
        foreach (var peer in channel.Peers)
        {
            sends.Send(peer.Worker, () => message, () => ReferenceEquals(told, round) && channel.Peers.Any(present => present.Worker == peer.Worker));
        }
    }

    /// <summary>Tells a coordinator that the job is over.</summary>
    public async Task EndAsync(Message end, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Farewell, context.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        await channel.BroadcastAsync(end, channel.Peers.Count, both.Token);
        await channel.LeaveAsync(both.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await sends.DisposeAsync();
        await inbox.DisposeAsync();
    }

    private Choice Of(IReadOnlyList<WorkerId> chosen, int number) => new(chosen, Math.Max(1, chosen.Count), context.Time) { Plan = number, IsCohort = !isTop };

    private IReadOnlyList<WorkerId> Members(IReadOnlyList<WorkerId> cohort)
    {
        var named = plan!.Members.ToHashSet(StringComparer.Ordinal); // Not null: who has none does not get here.
        return [.. cohort.Where(worker => named.Contains(worker.Value))];
    }

    private IReadOnlyList<WorkerId> Former(RoundResult script, IReadOnlyList<WorkerId> cohort)
    {
        var here = script.Verdicts.Where(verdict => isTop ? verdict.Verdict != Verdict.NotSelected : verdict.Via == context.Worker.Id.Value).Select(verdict => verdict.Worker).ToHashSet(StringComparer.Ordinal);
        return [.. cohort.Where(worker => here.Contains(worker.Value))];
    }

    // A coordinator that is away and was away before is not waited for again.
    private TimeSpan Bound()
    {
        var quarter = context.Job.Rounds.Deadline / 4;
        return isGivenUp && channel.Peers.Count == 0 ? TimeSpan.Zero : quarter < LongestWait ? quarter : LongestWait;
    }

    private async Task<bool> HearAsync(Func<CoordinationMessage, bool> isAnswer, CoordinationMessage question, TimeSpan bound, CancellationToken cancellationToken)
    {
        var start = context.Time.GetTimestamp();
        var isAsked = false;
        while (plan is null || plan.Run != question.Run || !IsAnswered())
        {
            var item = await inbox.NextAsync(TimeSpan.Zero, cancellationToken);
            if (item is null && !isAsked && channel.Peers.Count > 0)
            {
                isAsked = true;
                var message = question.ToMessage();
                foreach (var peer in channel.Peers)
                {
                    sends.Send(peer.Worker, () => message, () => !IsAnswered() && channel.Peers.Any(present => present.Worker == peer.Worker));
                }
            }

            var left = bound - context.Time.GetElapsedTime(start);
            item ??= await inbox.NextAsync(left, cancellationToken);
            if (item is null && left <= TimeSpan.Zero)
            {
                isGivenUp = true;
                return false;
            }

            // One that has come back knows nothing of a question before.
            isAsked &= item is not PeerJoined;
            if (item is MessageArrived arrived)
            {
                using (arrived)
                {
                    await TakeAsync(arrived.Message, question.Run, cancellationToken);
                }
            }
        }

        isGivenUp = false;
        return true;

        bool IsAnswered() => plan is not null && isAnswer(plan.ToMessage());
    }

    private async Task TakeAsync(Message message, string run, CancellationToken cancellationToken)
    {
        if (message.Kind != MessageKind.Plan)
        {
            return;
        }

        try
        {
            var heard = CoordinationMessage.Read(message);
            if (heard is { Step: CoordinationMessage.Plan, Number: > 0, Members: { } members } && heard.Run == run && heard.Number >= (plan?.Number ?? 0))
            {
                await KeepAsync(new() { Run = heard.Run, Round = heard.Round, Number = heard.Number, Members = members }, cancellationToken);
            }
        }
        catch (PayloadException)
        {
            // A message that cannot be read is none; the question is asked again where it matters.
        }
    }

    private async Task LoadAsync(string run, CancellationToken cancellationToken)
    {
        if (plan is null && await context.State.ReadAsync(Collection, context.Worker.Id.Value, cancellationToken) is { } json)
        {
            plan = FederatedJson.Read(json, FederatedJson.Default.FollowedPlan);
        }

        plan = plan?.Run == run ? plan : null;
    }

    private async Task KeepAsync(FollowedPlan next, CancellationToken cancellationToken)
    {
        await context.State.CommitAsync([new StateChange(Collection, context.Worker.Id.Value, FederatedJson.Write(next, FederatedJson.Default.FollowedPlan))], cancellationToken);
        plan = next;
    }
}

/// <summary>The plan an aggregator goes by, durable before it acts on it.</summary>
internal sealed record FollowedPlan
{
    public required string Run { get; init; }

    /// <summary>The round it was last told for.</summary>
    public required int Round { get; init; }

    public required int Number { get; init; }

    /// <summary>Aggregators that take part, for the top; its trainers, for one in the middle.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    public CoordinationMessage ToMessage() => new() { Step = CoordinationMessage.Plan, Run = Run, Round = Round, Number = Number, Members = Members };
}
