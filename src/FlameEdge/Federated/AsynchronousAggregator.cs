using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Aggregation;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>
/// The top of an asynchronous job: a round is a step of the model, made when enough updates are buffered, however old the models are that they started from. Settings of its role:
/// <c>buffer</c>, <c>maxStaleness</c>, <c>concurrency</c>. Its trainers are those of a synchronous job.
/// </summary>
/// <seealso href="https://arxiv.org/abs/2106.06639">Nguyen et al. 2022, algorithm 1</seealso>
public sealed class AsynchronousAggregator(RoleContext context) : TopAggregator(context)
{
    private ChannelInbox? inbox;
    private BufferSettings? settings;
    private BufferedCollector? collector;
    private FedBuff? buffer;

    private protected override IReadOnlyList<WorkerId> Cohort => [.. Context.CohortOf(inbox!.Source).Select(worker => worker.Id)];

    private protected override Dictionary<string, long> Samples { get; } = new(StringComparer.Ordinal);

    private protected override Dictionary<string, long>? Taken => collector!.Taken;

    private protected override bool EndsSends => false;

    private protected override string Shortage => $"before {settings!.Goal} updates had come";

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (collector is not null)
        {
            await collector.DisposeAsync();
        }

        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected override void Open(ChannelInbox inbox, CancellationToken cancellationToken)
    {
        if (Context.Replay is not null)
        {
            throw new TopologyException("an asynchronous job cannot be replayed: its bits follow from the order in which updates came");
        }

        this.inbox = inbox;
        settings = BufferSettings.Of(Context.Role, Cohort.Count);
        collector = new BufferedCollector(Context, inbox, settings, cancellationToken);
        buffer = Server.Buffer(settings.Goal, settings.MaxStaleness);
    }

    private protected override async Task WaitForCohortAsync(CancellationToken cancellationToken)
    {
        // One is enough to begin with: nobody waits for anybody here.
        await collector!.JoinAsync(cancellationToken);
        await inbox!.WaitForAnyAsync(Context.Job.Rounds.Patience, cancellationToken);
    }

    private protected override Task EndCoordinationAsync(Message end, CancellationToken cancellationToken) => collector!.EndAsync(end, cancellationToken);

    private protected override void Know(RoundResult round) => collector!.Know(round.Round, round.Base);

    private protected override async Task<(CollectedRound Collected, bool IsEnough)> CollectAsync(RoundTerms terms, OutgoingModel model, ParameterLayout layout, Task committed, CancellationToken cancellationToken)
    {
        // Sends outlive the step here, so the step before is written first.
        await committed;
        buffer!.Restore(terms.Round - 1, buffer.Count);
        var collected = await collector!.CollectAsync(terms, model, buffer, layout, Cohort, CancellationToken.None, cancellationToken);
        return (collected, buffer.Count == settings!.Goal);
    }

    private protected override Task StepAsync(CollectedRound collected, ParameterSet model, ParameterSet next, CancellationToken cancellationToken)
    {
        model.Values.CopyTo(next.Values);
        buffer!.Step(next.Values);
        return Task.CompletedTask;
    }

    // What is buffered stays, in the state as in the buffer, until it is in a model.
    private protected override IEnumerable<State.StateChange> Forget(CollectedRound collected, bool isEnough) => isEnough ? collector!.Forget(collected) : [];

    // Nothing is summed exactly; the largest value still bounds what is taken.
    private protected override SumStep StepOf(int round) => SumStep.For(1, (float)Context.Job.Rounds.LargestValue);
}
