using FlameEdge.Diagnostics;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class SynchronousRoundsTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    [Fact]
    public async Task Every_round_counts_everybody_and_the_loss_falls()
    {
        var observer = await new InMemoryJob(TestJobs.Flat(3, Rounds, Training)).RunAsync();

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal([1, 2, 3, 4], observer.Rounds.Select(round => round.Round));
        Assert.All(observer.Rounds, round => Assert.Equal(["trainer_0", "trainer_1", "trainer_2"], round.Verdicts.Where(v => v.Verdict == Verdict.Counted).Select(v => v.Worker)));
        Assert.All(observer.Rounds, round => Assert.Equal(120, round.Samples));
        Assert.True(observer.Rounds[3].Loss < observer.Rounds[0].Loss);
        Assert.Equal(observer.Rounds[0].Model, observer.Rounds[1].Base);
        Assert.Equal(observer.Rounds[3].Model, observer.End.Model.ContentHash());
    }

    [Fact]
    public async Task The_same_job_gives_the_same_bits()
    {
        var first = await new InMemoryJob(TestJobs.Flat(4, Rounds, Training)).RunAsync();
        var second = await new InMemoryJob(TestJobs.Flat(4, Rounds, Training)).RunAsync();

        Assert.Equal(first.Rounds.Select(round => round.Model), second.Rounds.Select(round => round.Model));
    }

    [Fact]
    public async Task A_tree_gives_the_curve_of_the_flat_job()
    {
        var flat = await new InMemoryJob(TestJobs.Flat(6, Rounds, Training)).RunAsync();
        var tree = await new InMemoryJob(TestJobs.Tree(6, 2, Rounds, Training)).RunAsync();

        foreach (var (a, b) in flat.Rounds.Zip(tree.Rounds))
        {
            Assert.Equal(a.Loss!.Value, b.Loss!.Value, 1e-5);
            Assert.Equal(a.Accuracy, b.Accuracy);
            Assert.Equal(8, b.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted));
        }
    }

    [Fact]
    public async Task A_worker_that_hangs_costs_one_deadline_and_is_called_late()
    {
        var rounds = Rounds with { Count = 2, Quorum = 2, Deadline = TimeSpan.FromSeconds(1) };
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data == "d-1", token) };

        var observer = await new InMemoryJob(TestJobs.Flat(3, rounds, Training)) { Engine = engine }.RunAsync();

        Assert.All(observer.Rounds, round =>
        {
            Assert.Equal(RoundOutcome.Completed, round.Outcome);
            var late = Assert.Single(round.Verdicts, verdict => verdict.Verdict != Verdict.Counted);
            Assert.Equal(("trainer_1", Verdict.Late), (late.Worker, late.Verdict));
            Assert.InRange(round.Seconds, 0.9, 5);
        });
    }

    [Fact]
    public async Task Rounds_below_quorum_leave_the_model_and_end_the_job_after_the_allowed_number()
    {
        var rounds = Rounds with { Quorum = 3, Deadline = TimeSpan.FromMilliseconds(300), MaxFailures = 2 };
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data == "d-0", token) };
        var job = new InMemoryJob(TestJobs.Flat(3, rounds, Training)) { Engine = engine };

        var error = await Assert.ThrowsAsync<JobFailedException>(() => job.RunAsync());

        Assert.Contains("quorum of 3 of 3", error.Message);
        Assert.Equal("failed", job.Observer.End!.State);
        Assert.All(job.Observer.Rounds, round => Assert.Equal((RoundOutcome.NoQuorum, round.Base), (round.Outcome, round.Model)));
        Assert.Equal(2, job.Observer.Rounds.Count);
    }

    [Fact]
    public async Task Workers_that_never_come_are_named_when_patience_ends()
    {
        var rounds = Rounds with { Patience = TimeSpan.FromMilliseconds(300) };
        var job = new InMemoryJob(TestJobs.Flat(3, rounds, Training)) { Workers = [new("aggregator_0"), new("trainer_1")] };

        var error = await Assert.ThrowsAsync<JobFailedException>(() => job.RunAsync());

        Assert.Contains("trainer_0, trainer_2", error.Message);
    }

    [Fact]
    public async Task Who_is_absent_from_the_start_is_called_absent_and_costs_one_deadline_only()
    {
        var rounds = Rounds with { Count = 3, Quorum = 2, Deadline = TimeSpan.FromSeconds(4) };
        var job = new InMemoryJob(TestJobs.Flat(3, rounds, Training)) { Workers = [new("aggregator_0"), new("trainer_0"), new("trainer_2")] };

        var observer = await job.RunAsync();

        Assert.All(observer.Rounds, round => Assert.Equal(Verdict.Absent, round.Verdicts.Single(verdict => verdict.Worker == "trainer_1").Verdict));
        Assert.All(observer.Rounds, round => Assert.InRange(round.Seconds, 0, 3.5));
    }

    [Theory]
    [InlineData(float.NaN, "not finite")]
    [InlineData(5000f, "rounds.largestValue")]
    public async Task A_hostile_update_is_refused_by_name_and_the_round_goes_on(float bad, string reason)
    {
        var engine = new SoftmaxEngine
        {
            OnTrained = (data, values) =>
            {
                if (data == "d-2")
                {
                    values[0] = bad;
                }
            },
        };
        var job = new InMemoryJob(TestJobs.Flat(3, Rounds with { Count = 2, Quorum = 2 }, Training)) { Engine = engine };

        var observer = await job.RunAsync();

        Assert.All(observer.Rounds, round =>
        {
            var refused = Assert.Single(round.Verdicts, verdict => verdict.Verdict == Verdict.Refused);
            Assert.Equal("trainer_2", refused.Worker);
            Assert.Contains(reason, refused.Reason);
            Assert.Equal(80, round.Samples);
        });
    }

    [Fact]
    public async Task Workers_below_an_aggregator_without_quorum_are_unheard()
    {
        var rounds = Rounds with { Count = 1, QuorumShare = 0.5, Deadline = TimeSpan.FromSeconds(5) };
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data is "d-1" or "d-3" or "d-5", token) };

        var observer = await new InMemoryJob(TestJobs.Tree(6, 2, rounds, Training)) { Engine = engine }.RunAsync();

        var verdicts = observer.Rounds[0].Verdicts.ToDictionary(verdict => verdict.Worker, verdict => verdict.Verdict);
        Assert.Equal(Verdict.Counted, verdicts["middle_0"]);
        Assert.Equal(Verdict.Refused, verdicts["middle_1"]);
        Assert.Equal(Verdict.Unheard, verdicts["trainer_1"]);
        Assert.Equal(Verdict.Counted, verdicts["trainer_4"]);
        Assert.Equal(8, verdicts.Count);
    }

    [Fact]
    public async Task A_run_stopped_anywhere_resumes_to_the_undisturbed_bits()
    {
        var plan = TestJobs.Tree(4, 2, Rounds with { Count = 6 }, Training);
        var undisturbed = await new InMemoryJob(plan).RunAsync();

        for (var stopAfter = 1; stopAfter < 6; stopAfter++)
        {
            var state = new MemoryStateStore();
            using var stop = new CancellationTokenSource();
            var after = stopAfter;
            var stopped = new InMemoryJob(plan)
            {
                State = state,
                Observer = new RecordingObserver { OnRound = round => StopAfter(round, after, stop) },
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.RunAsync(stop.Token));

            var resumed = await new InMemoryJob(plan) { State = state }.RunAsync();

            Assert.Equal(undisturbed.Rounds.Select(round => round.Model), resumed.End!.Rounds.Select(round => round.Model));
            Assert.True(resumed.Rounds.Count < 6);
        }
    }

    [Fact]
    public async Task A_replay_counts_the_same_workers_and_gives_the_same_bits()
    {
        var rounds = Rounds with { Count = 3, Quorum = 2, Deadline = TimeSpan.FromSeconds(1) };
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data == "d-1", token) };
        var original = await new InMemoryJob(TestJobs.Flat(3, rounds, Training)) { Engine = engine }.RunAsync();
        var script = new ReplayScript(new JobResult { Job = "j", Title = "j", State = "completed", Runtime = "test", Workers = 4, Model = "m", Rounds = original.End!.Rounds });

        var replayed = await new InMemoryJob(TestJobs.Flat(3, rounds with { Deadline = TimeSpan.FromSeconds(30) }, Training)) { Replay = script }.RunAsync();
        var free = await new InMemoryJob(TestJobs.Flat(3, rounds with { Quorum = 3, Deadline = TimeSpan.FromSeconds(30) }, Training)).RunAsync();

        Assert.Equal(original.Rounds.Select(round => round.Model), replayed.Rounds.Select(round => round.Model));
        Assert.NotEqual(original.Rounds[0].Model, free.Rounds[0].Model);
    }

    private static void StopAfter(RoundResult round, int after, CancellationTokenSource stop)
    {
        if (round.Round == after)
        {
            stop.Cancel();
        }
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
