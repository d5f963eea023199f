using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated.Coordination;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Asynchronous aggregators over one another.</summary>
public class AsynchronousTreeTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 8, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task Three_tiers_wait_for_nobody()
    {
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data is "d-0" or "d-1", token) };

        var observer = await new InMemoryJob(Plan(6, 2)) { Engine = engine }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round =>
        {
            Assert.Equal(RoundOutcome.Completed, round.Outcome);
            Assert.InRange(round.Seconds, 0, 15);
            Assert.DoesNotContain(round.Verdicts, verdict => verdict is { Worker: "trainer_0" or "trainer_1", Verdict: Verdict.Counted });
            Assert.Contains(round.Verdicts, verdict => verdict is { Verdict: Verdict.Counted, Via: "middle_0" or "middle_1", Staleness: not null });

            // Two updates of an aggregator in the middle, each of two of 40 rows.
            Assert.Equal(160, round.Samples);
        });
        Assert.True(observer.Rounds[^1].Loss < observer.Rounds[0].Loss);
    }

    [Fact]
    public async Task Nothing_that_started_from_too_old_a_model_is_counted_in_the_middle_or_above()
    {
        // One trains while the others, who begin after it, make steps; from step 12 on they wait for it to be given something new.
        using var slow = new SemaphoreSlim(0);
        using var begun = new ManualResetEventSlim();
        using var again = new ManualResetEventSlim();
        var step = 0;
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) =>
            {
                if (data != "d-2")
                {
                    begun.Wait(TimeSpan.FromSeconds(20), token);
                    Assert.True(Volatile.Read(ref step) < 12 || again.Wait(TimeSpan.FromSeconds(20), token), "it is given nothing more");
                }
                else if (!begun.IsSet)
                {
                    begun.Set();
                    slow.Wait(token);
                }
                else
                {
                    again.Set();
                }
            },
        };
        var job = new InMemoryJob(Plan(6, 2, Rounds with { Count = 40 }))
        {
            Engine = engine,
            Observer = new()
            {
                OnRound = round =>
                {
                    Volatile.Write(ref step, round.Round);
                    if (round.Round == 8)
                    {
                        slow.Release();
                    }
                },
            },
        };

        var observer = await job.RunAsync(TestContext.Current.CancellationToken);

        // What it brought after step 8 had started from one of the first; it was asked again, and nothing that old is in the model.
        Assert.True(again.IsSet);
        var verdicts = observer.Rounds.SelectMany(round => round.Verdicts).Where(verdict => verdict.Verdict == Verdict.Counted).ToList();
        Assert.Contains(verdicts, verdict => verdict is { Worker: "trainer_0", Via: "middle_0" });
        Assert.All(verdicts, verdict => Assert.InRange(verdict.Staleness!.Value, 0, 3));
    }

    [Fact]
    public async Task An_aggregator_in_the_middle_that_comes_back_counts_nothing_twice()
    {
        var plan = Plan(4, 2, Rounds with { Count = 30 });
        var (hub, state) = (new MemoryHub(), new MemoryStateStore());
        using var death = new CancellationTokenSource();
        var observer = new RecordingObserver { OnRound = round => _ = round.Round == 5 ? death.CancelAsync() : null };
        WorkerId victim = new("middle_1");
        var first = new InMemoryJob(plan) { Workers = [victim], Hub = hub, State = state }.RunAsync(death.Token);
        var others = new InMemoryJob(plan) { Workers = [.. plan.Workers.Select(worker => worker.Id).Where(id => id != victim)], Hub = hub, Observer = observer }.RunAsync(TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        await new InMemoryJob(plan) { Workers = [victim], Hub = hub, State = state }.RunAsync(TestContext.Current.CancellationToken);
        await others;

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(160, round.Samples));
        Assert.Contains(observer.Rounds.Skip(6), round => round.Verdicts.Any(verdict => verdict is { Worker: "middle_1", Verdict: Verdict.Counted }));
    }

    [Fact]
    public async Task A_coordinator_keeps_an_asynchronous_tree_off_a_slow_link()
    {
        var plan = CoordinatedJobs.Plan(6, 3, Rounds with { Count = 60 }, Training, Programs.AsynchronousAggregator, Programs.AsynchronousAggregator, ("buffer", "2"), ("maxStaleness", "10"), ("every", "2"));
        var job = new InMemoryJob(plan)
        {
            Around = inner => new SlowLinks(inner, (to, kind) => to.Value == "middle_2" && kind == MessageKind.Update ? TimeSpan.FromMilliseconds(400) : TimeSpan.Zero),
            Engine = new SoftmaxEngine { OnTrain = (_, token) => token.WaitHandle.WaitOne(20) },
        };

        var observer = await job.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
        Assert.Contains(observer.Events, told => System.Text.Encoding.UTF8.GetString(told.Event.Json.Span) is var json && json.Contains("\"aggregator\":\"middle_2\"", StringComparison.Ordinal) && json.Contains("left out", StringComparison.Ordinal));
    }

    private static JobPlan Plan(int trainers, int groups, RoundSpec? rounds = null)
    {
        var plan = TestJobs.Tree(trainers, groups, rounds ?? Rounds, Training);
        var settings = new Dictionary<string, string> { ["buffer"] = "2", ["maxStaleness"] = "3" };
        var roles = plan.Job.Graph.Roles.Select(role => role.Name.Value is "aggregator" or "middle" ? role with { Program = Programs.AsynchronousAggregator, Settings = settings } : role);
        return new(plan.Job with { Graph = plan.Job.Graph with { Roles = [.. roles] } }, plan.Workers);
    }

    private static void Hang(bool isTheOne, CancellationToken token)
    {
        if (isTheOne)
        {
            token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60));
            token.ThrowIfCancellationRequested();
        }
    }
}
