using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Federated;
using FlameEdge.Federated.Coordination;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Coordination;

/// <summary>Whole jobs whose trainers a coordinator gives to aggregators.</summary>
public class CoordinatedJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task Every_trainer_counts_once_and_the_model_is_that_of_the_flat_job()
    {
        var flat = await new InMemoryJob(TestJobs.Flat(6, Rounds, Training)).RunAsync();
        var coordinated = await new InMemoryJob(CoordinatedJobs.Plan(6, 3, Rounds, Training)).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", coordinated.End!.State);
        foreach (var (a, b) in flat.Rounds.Zip(coordinated.Rounds))
        {
            Assert.Equal(a.Loss!.Value, b.Loss!.Value, 1e-5);
            Assert.Equal(240, b.Samples);
            Assert.Equal(6, b.Verdicts.Count(verdict => verdict is { Verdict: Verdict.Counted, Via: not null }));
        }

        // Nothing is measured before the first round, so nobody is left out of it; in later ones an aggregator may be that this machine kept waiting.
        Assert.Equal(3, coordinated.Rounds[0].Verdicts.Where(verdict => verdict.Via is not null).Select(verdict => verdict.Via).Distinct().Count());
    }

    [Fact]
    public async Task An_aggregator_on_a_slow_link_is_left_out_and_rounds_become_short()
    {
        var job = new InMemoryJob(CoordinatedJobs.Plan(6, 2, Rounds with { Count = 5 }, Training))
        {
            Around = inner => new SlowLinks(inner, (to, kind) => to.Value == "middle_1" && kind == MessageKind.Update ? TimeSpan.FromMilliseconds(300) : TimeSpan.Zero),
        };

        var observer = await job.RunAsync(TestContext.Current.CancellationToken);

        // Half of six trainers on the slow link in the first round: at least 0.9 s. Left out, then tried with one, at least 0.3 s.
        Assert.InRange(observer.Rounds[0].Seconds, 0.9, 20);
        Assert.Equal(3, Below(observer.Rounds[0], "middle_1"));
        Assert.InRange(Below(observer.Rounds[1], "middle_1"), 0, 1);
        Assert.True(observer.Rounds[1].Seconds < observer.Rounds[0].Seconds / 2);
        Assert.All(observer.Rounds, round => Assert.Equal(240, round.Samples));
        var why = Told(observer, "middle_1").Last(told => told.Plan == 2);
        Assert.Equal(0, why.Count);
        Assert.Contains("left out of 1 round after round 1: its group took", why.Why);
        Assert.True(why.SecondsPerUpdate > 0.25);
    }

    [Fact]
    public async Task The_same_is_counted_again_in_a_replay()
    {
        var plan = CoordinatedJobs.Plan(5, 2, Rounds, Training);
        var first = await new InMemoryJob(plan).RunAsync();
        var result = new JobResult { Job = "test-job", Title = "test job", State = "completed", Runtime = "test", Workers = 9, Model = first.Rounds[^1].Model, Rounds = first.Rounds };

        var again = await new InMemoryJob(plan) { Replay = new ReplayScript(result) }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(first.Rounds.Select(round => round.Model), again.Rounds.Select(round => round.Model));
    }

    [Fact]
    public async Task A_coordinator_that_dies_for_good_holds_nobody_up()
    {
        var plan = CoordinatedJobs.Plan(4, 2, Rounds with { Count = 6, Deadline = TimeSpan.FromSeconds(12) }, Training);
        using var death = new CancellationTokenSource();
        var observer = new RecordingObserver { OnRound = round => _ = round.Round == 2 ? death.CancelAsync() : null };
        var hub = new MemoryHub();
        var coordinator = new InMemoryJob(plan) { Workers = [CoordinatedJobs.Coordinator], Hub = hub }.RunAsync(death.Token);

        await new InMemoryJob(plan) { Workers = Others(plan), Hub = hub, Observer = observer }.RunAsync(TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => coordinator);
        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(160, round.Samples));

        // It may have been waited for once, three seconds long; never again.
        Assert.InRange(observer.Rounds.Skip(4).Sum(round => round.Seconds), 0, 2.9);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_coordinator_that_comes_back_goes_on_from_its_last_plan_or_without_its_disk_with_one_of_a_new_number(bool hasItsDisk)
    {
        var plan = CoordinatedJobs.Plan(4, 2, Rounds with { Count = 8 }, Training);
        var (hub, state) = (new MemoryHub(), new MemoryStateStore());
        using var death = new CancellationTokenSource();
        var second = new TaskCompletionSource();
        var observer = new RecordingObserver
        {
            OnRound = round =>
            {
                if (round.Round == 3)
                {
                    death.Cancel();
                    second.Task.Wait(TimeSpan.FromSeconds(10));
                }
            },
        };
        var first = new InMemoryJob(plan) { Workers = [CoordinatedJobs.Coordinator], Hub = hub, State = state }.RunAsync(death.Token);
        var others = new InMemoryJob(plan) { Workers = Others(plan), Hub = hub, Observer = observer }.RunAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var before = await KeptAsync(state);

        state = hasItsDisk ? state : new MemoryStateStore();
        var again = new InMemoryJob(plan) { Workers = [CoordinatedJobs.Coordinator], Hub = hub, State = state }.RunAsync(TestContext.Current.CancellationToken);
        second.SetResult();
        await others;
        await again;

        var after = await KeptAsync(state);
        Assert.Equal("completed", observer.End!.State);
        Assert.Equal(before.Run, after.Run);
        Assert.Equal(8, after.Round);
        Assert.True(hasItsDisk ? after.Plan >= before.Plan : after.Plan > before.Plan);
        Assert.InRange(observer.Rounds.Sum(round => round.Seconds), 0, 4);
        Assert.All(observer.Rounds, round => Assert.Equal(160, round.Samples));
    }

    [Fact]
    public async Task Without_a_coordinator_the_job_says_whom_it_lacks()
    {
        var plan = CoordinatedJobs.Plan(2, 2, Rounds with { Patience = TimeSpan.FromMilliseconds(400) }, Training);

        var error = await Assert.ThrowsAsync<Diagnostics.JobFailedException>(() => new InMemoryJob(plan) { Workers = Others(plan) }.RunAsync(TestContext.Current.CancellationToken));

        Assert.Contains("aggregator_0 had no plan from its coordinator within 0 s. Start it", error.Message);
    }

    private static async Task<CoordinatorState> KeptAsync(MemoryStateStore state) =>
        FederatedJson.Read((await state.ReadAsync("coordination", "coordinator_0", CancellationToken.None))!, FederatedJson.Default.CoordinatorState);

    private static List<WorkerId> Others(JobPlan plan) => [.. plan.Workers.Select(worker => worker.Id).Where(id => id != CoordinatedJobs.Coordinator)];

    private static int Below(RoundResult round, string aggregator) => round.Verdicts.Count(verdict => verdict.Via == aggregator && verdict.Verdict == Verdict.Counted);

    private static IEnumerable<AssignmentEvent> Told(RecordingObserver observer, string aggregator) => observer.Events
        .Select(told => JsonSerializer.Deserialize(told.Event.Json.Span, CoordinationJson.Default.AssignmentEvent)!)
        .Where(told => told.Aggregator == aggregator);
}
