using FlameEdge.Channels;
using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Parameters;
using FlameEdge.Rounds;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Federated;

/// <summary>The top of a synchronous job: a round waits for its cohort, up to a quorum and a deadline. Updates are added as they come, in whatever order, to the same bits.</summary>
/// <seealso href="https://arxiv.org/abs/1602.05629">McMahan et al. 2017, algorithm 1, server</seealso>
public sealed class SynchronousAggregator(RoleContext context) : TopAggregator(context)
{
    private RoundCollector? collector;
    private UpdateRows? updates;
    private SecureCollector? secure;
    private int cohortCount;
    private int expected;
    private int hostile;

    private protected override IReadOnlyList<WorkerId> Cohort => collector!.Cohort;

    private protected override Dictionary<string, long> Samples => collector!.Samples;

    private protected override string Shortage => $"without a quorum of {Quorum} of {expected}";

    private RoundSpec Rounds => Context.Job.Rounds;

    // A robust rule may need more than the job's quorum.
    private int Quorum => Math.Max(Server.MinimumAfter(hostile), Rounds.QuorumOf(expected));

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
        collector = new RoundCollector(Context, inbox);
        updates = new UpdateRows(Context.State, Context.Worker.Id, Context.UpCodecOf(inbox.Source));
        secure = SecureCollector.For(Context, inbox, collector);
        expected = cohortCount = collector.Groups.Count(collector.Cohort);
    }

    private protected override Task EndCoordinationAsync(Message end, CancellationToken cancellationToken) => collector!.EndAsync(end, cancellationToken);

    private protected override Task WaitForCohortAsync(CancellationToken cancellationToken) => collector!.WaitForCohortAsync(Rounds.Deadline, Rounds.Patience, cancellationToken);

    private protected override async Task<(CollectedRound Collected, bool IsEnough)> CollectAsync(RoundTerms terms, OutgoingModel model, ParameterLayout layout, Task committed, CancellationToken cancellationToken)
    {
        var collected = Context.Replay?.Round(terms.Round) is { Outcome: RoundOutcome.NoQuorum }
            ? new CollectedRound(terms, Cohort, layout.Length)
            : secure is not null ? await secure.CollectAsync(terms, model, layout, Rounds.Deadline, cancellationToken)
            : await collector!.CollectAsync(terms, model, layout, Rounds.Deadline, Server.MinimumCount, cancellationToken);

        await committed;
        var cohort = collected.Cohort;
        (cohortCount, expected, hostile) = (collected.Groups.Count(cohort), collected.Expected, collected.Hostile);
        var needed = Context.Replay is { } replay ? cohort.Count(replay.Counted(terms.Round).Contains) : Quorum;
        if (Context.Replay is not null && collected.Counted.Count < needed)
        {
            throw new JobFailedException($"round {terms.Round} of the replay waited {Rounds.Deadline.TotalSeconds:0} s in vain for {needed - collected.Counted.Count} workers the result counts");
        }

        return (collected, collected.Choice is { IsFinal: true } || (collected.Counted.Count >= needed && collected.Counted.Count > 0));
    }

    private protected override Task StepAsync(CollectedRound collected, ParameterSet model, ParameterSet next, CancellationToken cancellationToken) =>
        Server.StepAsync(collected, updates!, collected.Participation(Context), model, next, cancellationToken);

    private protected override IEnumerable<State.StateChange> Forget(CollectedRound collected, bool isEnough) => collector!.Forget(collected);

    private protected override SumStep StepOf(int round) =>
        Context.Replay?.Step(round, (float)Rounds.LargestValue) ?? collector!.StepFor(cohortCount, (float)Rounds.LargestValue);
}
