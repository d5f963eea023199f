using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Federated.Replicas;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated.Coordination;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Replicas;

/// <summary>Whole jobs whose trainers share themselves out over like aggregators, without a coordinator.</summary>
public class ReplicatedJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };
    private static readonly WorkerId Second = ReplicatedJobs.Middle(1);

    [Fact]
    public async Task Every_trainer_counts_once_by_the_replica_of_its_choice_and_the_model_is_that_of_the_flat_job()
    {
        var flat = await new InMemoryJob(TestJobs.Flat(12, Rounds, Training)).RunAsync(TestContext.Current.CancellationToken);
        var shared = await new InMemoryJob(ReplicatedJobs.Plan(12, 3, Rounds, Training)).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", shared.End!.State);
        Assert.All(flat.Rounds.Zip(shared.Rounds), pair => Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value, 1e-6));
        Assert.All(flat.End!.Model.Values.ToArray().Zip(shared.End.Model.Values.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.All(shared.Rounds, round => Assert.Equal(12 * 40, round.Samples));

        // All replicas are seen before the first round is over.
        List<WorkerId> replicas = [.. Enumerable.Range(0, 3).Select(ReplicatedJobs.Middle)];
        foreach (var verdict in shared.Rounds[^1].Verdicts.Where(verdict => verdict.Via is not null))
        {
            Assert.Equal(Rendezvous.Of(new(verdict.Worker), replicas)!.Value.Value, verdict.Via);
        }
    }

    [Theory]
    [InlineData(Programs.Aggregator, Programs.MiddleAggregator)]
    [InlineData(Programs.AsynchronousAggregator, Programs.MiddleAggregator)]
    [InlineData(Programs.AsynchronousAggregator, Programs.AsynchronousAggregator)]
    public async Task A_replica_that_nobody_chose_holds_nobody_up(string top, string middle)
    {
        var plan = ReplicatedJobs.Plan(1, 2, Rounds with { Count = 3 }, Training, top, middle);
        var chosen = Rendezvous.Of(new("trainer_0"), [ReplicatedJobs.Middle(0), Second])!.Value.Value;

        var observer = await new InMemoryJob(plan).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.InRange(observer.Rounds.Sum(round => round.Seconds), 0, 10);
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
        if (top == Programs.Aggregator)
        {
            var last = observer.Rounds[^1].Verdicts;
            Assert.Equal(Verdict.Counted, last.Single(verdict => verdict.Worker == chosen).Verdict);
            Assert.Equal((Verdict.NotSelected, "no trainer was with it in this round"), (last.Single(verdict => verdict.Worker.StartsWith("middle", StringComparison.Ordinal) && verdict.Worker != chosen) is var idle ? (idle.Verdict, idle.Reason) : default));
        }
    }

    [Theory]
    [InlineData(Programs.Aggregator, Programs.MiddleAggregator)]
    [InlineData(Programs.AsynchronousAggregator, Programs.AsynchronousAggregator)]
    public async Task The_trainers_of_a_replica_that_dies_go_to_the_others_and_come_back_with_it(string top, string middle)
    {
        var plan = ReplicatedJobs.Plan(8, 2, Rounds with { Count = 60 }, Training, top, middle);
        var (hub, state) = (new MemoryHub(), new MemoryStateStore());
        using var death = new CancellationTokenSource();
        var died = new TaskCompletionSource();
        var (back, backIn) = (new TaskCompletionSource(), 0);
        var observer = new RecordingObserver
        {
            OnRound = round =>
            {
                // The rounds around its absence wait for it to have gone, and a while for it to be back.
                if (round.Round == 3)
                {
                    death.Cancel();
                    died.Task.Wait(TimeSpan.FromSeconds(10));
                }

                backIn = backIn == 0 && round.Round > 6 && Counted(round).Exists(verdict => verdict.Via == Second.Value) ? round.Round : backIn;
                if (backIn == 0 && round.Round > 6)
                {
                    back.Task.Wait(TimeSpan.FromMilliseconds(50));
                }
            },
        };
        var first = new InMemoryJob(plan) { Workers = [Second], Hub = hub, State = state }.RunAsync(death.Token);
        var others = new InMemoryJob(plan) { Workers = ReplicatedJobs.Others(plan, Second), Hub = hub, Observer = observer }.RunAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        died.SetResult();
        await UntilAsync(() => observer.Rounds.Count >= 6);
        var again = new InMemoryJob(plan) { Workers = [Second], Hub = hub, State = state }.RunAsync(TestContext.Current.CancellationToken);
        await others;
        await again;

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
        Assert.InRange(observer.Rounds.Sum(round => round.Seconds), 0, 15);
        Assert.InRange(backIn, 7, 59);
        if (top != Programs.Aggregator)
        {
            return;
        }

        Assert.All(observer.Rounds, round => Assert.Equal(8, round.Verdicts.Count(verdict => verdict.Worker.StartsWith("trainer_", StringComparison.Ordinal))));
        Assert.All(observer.Rounds, round => Assert.Equal(round.Samples, 40 * Counted(round).Count));

        // A round that is under way while it dies or comes back may miss those who change.
        Assert.All(observer.Rounds.Where(round => round.Round is not (4 or 5) && Math.Abs(round.Round - backIn) > 1), round => Assert.Equal(8, Counted(round).Count));
        Assert.All(observer.Rounds.Where(round => round.Round is 5 or 6), round => Assert.All(Counted(round), verdict => Assert.NotEqual(Second.Value, verdict.Via)));
        Assert.Equal(Places(observer.Rounds[1]), Places(observer.Rounds[^1]));

        static IEnumerable<(string, string?)> Places(RoundResult round) => Counted(round).Select(verdict => (verdict.Worker, verdict.Via));
    }

    [Fact]
    public async Task Trainers_that_are_slow_to_change_to_a_replica_that_comes_later_are_counted_in_the_first_round()
    {
        var job = new InMemoryJob(ReplicatedJobs.Plan(12, 2, Rounds, Training))
        {
            Around = inner => new SlowLinks(inner, static (_, _) => default, static (worker, card) => TimeSpan.FromMilliseconds(card.Replica?.With == Second.Value ? worker == Second ? 200 : 300 : 0)),
        };

        var observer = await job.RunAsync(TestContext.Current.CancellationToken);

        Assert.All(observer.Rounds, round => Assert.Equal(12, Counted(round).Count));
        Assert.NotInRange(Counted(observer.Rounds[0]).Count(verdict => verdict.Via == Second.Value), 0, 0);
        Assert.InRange(observer.Rounds.Sum(round => round.Seconds), 0, 5);
    }

    [Theory]
    [InlineData(Programs.MiddleAggregator)]
    [InlineData(Programs.AsynchronousAggregator)]
    public async Task A_replica_goes_on_to_the_next_model_for_a_trainer_that_gave_its_update_to_another(string middle)
    {
        var plan = ReplicatedJobs.Plan(1, 2, Rounds with { Count = 3 }, Training, Programs.AsynchronousAggregator, middle);
        var chosen = Rendezvous.Of(new("trainer_0"), [ReplicatedJobs.Middle(0), Second])!.Value;
        var job = new InMemoryJob(plan)
        {
            // The one it would choose comes while it is at work with the other, and has the same model.
            Around = inner => new SlowLinks(
                inner,
                (to, kind) => TimeSpan.FromMilliseconds(kind == MessageKind.Update && to != chosen && to.Value.StartsWith("middle", StringComparison.Ordinal) ? 800 : 0),
                (worker, card) => TimeSpan.FromMilliseconds(worker == chosen && card.Replica is not null ? 300 : 0)),
        };

        var observer = await job.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.InRange(observer.Rounds.Sum(round => round.Seconds), 0.8, 10);
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
    }

    [Fact]
    public async Task The_same_is_counted_again_in_a_replay()
    {
        var plan = ReplicatedJobs.Plan(6, 2, Rounds, Training);
        var first = await new InMemoryJob(plan).RunAsync(TestContext.Current.CancellationToken);
        var result = new JobResult { Job = "test-job", Title = "test job", State = "completed", Runtime = "test", Workers = 9, Model = first.Rounds[^1].Model, Rounds = first.Rounds };

        var again = await new InMemoryJob(plan) { Replay = new ReplayScript(result) }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(first.Rounds.Select(round => round.Model), again.Rounds.Select(round => round.Model));
    }

    private static List<WorkerVerdict> Counted(RoundResult round) => [.. round.Verdicts.Where(verdict => verdict is { Verdict: Verdict.Counted, Via: not null })];

    private static async Task UntilAsync(Func<bool> isMet)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isMet())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, bound.Token);
        }
    }
}
