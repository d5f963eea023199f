using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class AsynchronousStepsTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 6, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task A_worker_that_hangs_holds_nobody_up()
    {
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data == "d-1", token) };

        var observer = await new InMemoryJob(Plan(4, Rounds, ("buffer", "2"))) { Engine = engine }.RunAsync();

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal(6, observer.Rounds.Count);
        Assert.All(observer.Rounds, round =>
        {
            Assert.Equal(RoundOutcome.Completed, round.Outcome);
            Assert.Equal(80, round.Samples); // Two updates of 40 rows, whosever they were.
            Assert.DoesNotContain(round.Verdicts, verdict => verdict is { Worker: "trainer_1", Verdict: Verdict.Counted });
            Assert.InRange(round.Seconds, 0, 20);
        });
        Assert.True(observer.Rounds[^1].Loss < observer.Rounds[0].Loss);
        Assert.Equal(observer.Rounds[0].Model, observer.Rounds[1].Base);
    }

    [Fact]
    public async Task One_worker_alone_fills_the_buffer_with_updates_of_its_own()
    {
        var observer = await new InMemoryJob(Plan(1, Rounds, ("buffer", "3"))).RunAsync();

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(120, round.Samples));
    }

    [Fact]
    public async Task An_update_from_too_old_a_model_is_refused_and_its_worker_gets_a_new_one()
    {
        // The third worker trains while the others, who begin after it, make steps; what it brings then is stale. They wait until it has a new model, and it until a step has written down that it was refused.
        // Then they wait until it begins for the fourth time: what it brought before that, nobody could overtake.
        using var begun = new ManualResetEventSlim();
        using var isLate = new ManualResetEventSlim();
        using var refused = new ManualResetEventSlim();
        using var written = new ManualResetEventSlim();
        using var fresh = new ManualResetEventSlim();
        var (round, begins) = (0, 0);
        void Await(ManualResetEventSlim what, CancellationToken token) => Assert.True(what.Wait(TimeSpan.FromSeconds(20), token), "it was given nothing more");
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) =>
            {
                if (data != "d-2")
                {
                    Await(begun, token);
                    Await(Volatile.Read(ref round) < 6 ? begun : written.IsSet ? fresh : refused, token);
                    return;
                }

                switch (++begins)
                {
                    case 1:
                        begun.Set();
                        Await(isLate, token);
                        break;
                    case 2:
                        refused.Set();
                        Await(written, token);
                        break;
                    case 4:
                        fresh.Set();
                        break;
                }
            },
        };
        var job = new InMemoryJob(Plan(3, Rounds with { Count = 40 }, ("buffer", "2"), ("maxStaleness", "1")))
        {
            Engine = engine,
            Observer = new()
            {
                OnRound = result =>
                {
                    Volatile.Write(ref round, result.Round);
                    if (result.Round == 5)
                    {
                        isLate.Set();
                    }

                    if (refused.IsSet)
                    {
                        written.Set();
                    }
                },
            },
        };

        var observer = await job.RunAsync();

        var verdicts = observer.Rounds.SelectMany(round => round.Verdicts).Where(verdict => verdict.Worker == "trainer_2").ToList();
        Assert.Contains(verdicts, verdict => verdict.Verdict == Verdict.Refused && verdict.Reason!.StartsWith("too stale", StringComparison.Ordinal));
        Assert.Contains(verdicts, verdict => verdict.Verdict == Verdict.Counted);
        Assert.All(observer.Rounds.SelectMany(round => round.Verdicts).Where(verdict => verdict.Verdict == Verdict.Counted), verdict => Assert.InRange(verdict.Staleness!.Value, 0, 1));
    }

    [Fact]
    public async Task Without_enough_updates_in_time_the_job_is_given_up_and_says_so()
    {
        var rounds = Rounds with { Deadline = TimeSpan.FromMilliseconds(300), MaxFailures = 2 };
        var engine = new SoftmaxEngine { OnTrain = (_, token) => Hang(true, token) };

        var error = await Assert.ThrowsAsync<JobFailedException>(() => new InMemoryJob(Plan(2, rounds, ("buffer", "2"))) { Engine = engine }.RunAsync());

        Assert.Contains("2 rounds in a row ended before 2 updates had come", error.Message);
    }

    [Fact]
    public async Task A_setting_that_is_no_number_is_named()
    {
        var error = await Assert.ThrowsAsync<TopologyException>(() => new InMemoryJob(Plan(2, Rounds, ("buffer", "many"))).RunAsync());

        Assert.Contains("role 'aggregator': settings.buffer is 'many'", error.Message);
    }

    private static JobPlan Plan(int trainers, RoundSpec rounds, params (string Key, string Value)[] settings)
    {
        var plan = TestJobs.Flat(trainers, rounds, Training);
        var roles = plan.Job.Graph.Roles.Select(role => role.Name.Value != "aggregator" ? role
            : role with { Program = Programs.AsynchronousAggregator, Settings = settings.ToDictionary(setting => setting.Key, setting => setting.Value) });
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
