using FlameEdge.Diagnostics;
using FlameEdge.Federated.Selection;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Selection;

/// <summary>Whole jobs that choose who takes part.</summary>
public class SelectedJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };

    public static TheoryData<string> Kinds => [SelectorSpec.Random, SelectorSpec.PowerOfChoice, SelectorSpec.Oort, SelectorSpec.Deadline];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Only_the_chosen_train_and_the_others_are_told_apart_from_the_late(string kind)
    {
        var trained = 0;
        var observer = await Job(6, Of(kind, 2), new() { OnTrain = (_, _) => Interlocked.Increment(ref trained) }).RunAsync();

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal(8, trained);
        Assert.All(observer.Rounds, round =>
        {
            Assert.Equal(RoundOutcome.Completed, round.Outcome);
            Assert.Equal(2, round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted));
            Assert.Equal(4, round.Verdicts.Count(verdict => verdict.Verdict == Verdict.NotSelected));
        });
        Assert.True(observer.Rounds.Select(Chosen).Distinct().Count() > 1);
    }

    [Fact]
    public async Task The_same_job_chooses_the_same_ones()
    {
        var (one, two) = (await Job(6, Of(SelectorSpec.Oort, 2)).RunAsync(), await Job(6, Of(SelectorSpec.Oort, 2)).RunAsync());

        Assert.Equal(one.Rounds.Select(Chosen), two.Rounds.Select(Chosen));
        Assert.Equal(one.End!.Model.ContentHash(), two.End!.Model.ContentHash());
    }

    [Theory]
    [InlineData(SelectorSpec.Oort)]
    [InlineData(SelectorSpec.PowerOfChoice)]
    public async Task A_job_that_was_stopped_goes_on_with_the_choices_of_one_that_was_not(string kind)
    {
        var whole = await Job(6, Of(kind, 2)).RunAsync();
        var state = new MemoryStateStore();
        var first = await Job(6, Of(kind, 2), state: state, rounds: Rounds with { Count = 2 }).RunAsync();
        var second = await Job(6, Of(kind, 2), state: state).RunAsync();

        Assert.Equal(whole.Rounds.Select(Chosen), first.Rounds.Concat(second.Rounds).Select(Chosen));
        Assert.Equal(whole.End!.Model.ContentHash(), second.End!.Model.ContentHash());
    }

    [Fact]
    public async Task A_replay_counts_those_who_were_chosen()
    {
        var former = await Job(6, Of(SelectorSpec.Random, 2)).RunAsync();
        var again = await Job(6, Of(SelectorSpec.Random, 2), replay: former).RunAsync();

        Assert.Equal(former.Rounds.Select(Chosen), again.Rounds.Select(Chosen));
        Assert.Equal(former.End!.Model.ContentHash(), again.End!.Model.ContentHash());
    }

    [Fact]
    public async Task Who_has_no_part_for_longer_than_it_would_bear_silence_is_still_there_at_the_end()
    {
        // Silence is borne for 2 × 1 s + 0.5 s; each round takes half a second, and one worker of two is chosen in each.
        var rounds = new RoundSpec { Count = 8, Deadline = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(0.5) };
        var (observer, engine) = (new RecordingObserver(), new SoftmaxEngine { OnTrain = (_, token) => token.WaitHandle.WaitOne(450) });
        var job = Plan(2, new() { Kind = SelectorSpec.PowerOfChoice, Count = 1, Of = 2 }, rounds);

        // The first learns from labels that say nothing and keeps the larger loss: it is chosen in every round but one.
        static Dataset Load(DatasetSpec spec) => spec.Id == TestJobs.Data(0) ? new("d-0", [2], 2, new float[] { 1, 1, 1, 1 }, new[] { 0, 1 }) : TestJobs.Rows(spec.Id);
        await new InMemoryJob(job) { Engine = engine, Observer = observer, Load = Load }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal(8, observer.Rounds.Count(round => round.Outcome == RoundOutcome.Completed));
        Assert.Equal(7, observer.Rounds.Count(round => round.Verdicts[1].Verdict == Verdict.NotSelected));
    }

    [Fact]
    public async Task Of_those_chosen_in_excess_the_fastest_count_and_the_others_stop()
    {
        var stopped = 0;
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) =>
            {
                if (data is "d-1" or "d-3" && token.WaitHandle.WaitOne(TimeSpan.FromSeconds(15)))
                {
                    Interlocked.Increment(ref stopped);
                    token.ThrowIfCancellationRequested();
                }
            },
        };
        var observer = await Job(4, new() { Kind = SelectorSpec.Random, Count = 2, OverSelect = 2 }, engine, rounds: Rounds with { Count = 2 }).RunAsync();

        Assert.All(observer.Rounds, round =>
        {
            Assert.Equal(["trainer_0", "trainer_2"], round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted).Select(verdict => verdict.Worker));
            Assert.Equal(["trainer_1", "trainer_3"], round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Surplus).Select(verdict => verdict.Worker));
            Assert.InRange(round.Seconds, 0, 10);
        });
        Assert.InRange(stopped, 2, 4);
    }

    [Fact]
    public async Task A_budget_of_bytes_bounds_a_round_and_everybody_has_a_turn()
    {
        // Six values: a model and an update of this format take twice 72 bytes; room for two workers.
        var observer = await Job(4, new() { Kind = SelectorSpec.Budget, Bytes = 300 }).RunAsync();

        Assert.All(observer.Rounds, round => Assert.InRange(round.UpdateBytes.After + round.ModelBytes.After, 1, 300));
        Assert.Equal(4, observer.Rounds.SelectMany(round => round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted)).Select(verdict => verdict.Worker).Distinct().Count());
        var error = await Assert.ThrowsAsync<JobFailedException>(() => Job(4, new() { Kind = SelectorSpec.Budget, Bytes = 20 }).RunAsync());
        Assert.Contains("pay for none of its workers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_too_slow_for_the_deadline_is_passed_over_once_that_is_known()
    {
        var engine = new SoftmaxEngine { OnTrain = (data, token) => token.WaitHandle.WaitOne(data == "d-1" ? 700 : 0) };
        var observer = await Job(3, new() { Kind = SelectorSpec.Deadline, Count = 2, Within = TimeSpan.FromSeconds(0.5) }, engine, rounds: Rounds with { Count = 6 }).RunAsync();

        Assert.InRange(observer.Rounds.Count(round => round.Verdicts[1].Verdict == Verdict.Counted), 1, 1);
    }

    [Theory]
    [InlineData("param")]
    [InlineData("global")]
    public async Task Groups_and_members_of_groups_can_be_chosen(string channel)
    {
        var plan = TestJobs.Tree(6, 3, Rounds, Training);
        var channels = plan.Job.Graph.Channels.Select(spec => spec.Name.Value == channel ? spec with { Selector = Of(SelectorSpec.Oort, 1) } : spec);
        var observer = await new InMemoryJob(new(plan.Job with { Graph = plan.Job.Graph with { Channels = [.. channels] } }, plan.Workers)).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round =>
        {
            var trainers = round.Verdicts.Where(verdict => verdict.Worker.StartsWith("trainer", StringComparison.Ordinal)).ToList();
            Assert.Equal(channel == "param" ? 3 : 2, trainers.Count(verdict => verdict.Verdict == Verdict.Counted));
            Assert.Equal(channel == "param" ? 3 : 0, trainers.Count(verdict => verdict.Verdict == Verdict.NotSelected));
            Assert.Equal(channel == "param" ? 0 : 2, round.Verdicts.Count(verdict => verdict.Verdict == Verdict.NotSelected && verdict.Worker.StartsWith("middle", StringComparison.Ordinal)));
        });
    }

    [Fact]
    public async Task The_quorum_is_of_the_chosen()
    {
        var engine = new SoftmaxEngine { OnTrained = (data, values) => values[0] = data is "d-0" or "d-1" or "d-2" ? float.NaN : values[0] };
        var observer = await Job(4, Of(SelectorSpec.Random, 2), engine, rounds: Rounds with { Count = 4, Quorum = null, QuorumShare = 0.5, MaxFailures = 10 }).RunAsync();

        Assert.All(observer.Rounds, round => Assert.Equal(
            round.Verdicts.Any(verdict => verdict.Verdict == Verdict.Counted) ? RoundOutcome.Completed : RoundOutcome.NoQuorum,
            round.Outcome));
        Assert.Contains(observer.Rounds, round => round.Outcome == RoundOutcome.Completed);
    }

    private static SelectorSpec Of(string kind, int count) => new() { Kind = kind, Count = count, Of = 4 };

    private static string Chosen(RoundResult round) => string.Join(' ', round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted).Select(verdict => verdict.Worker));

    private static JobPlan Plan(int trainers, SelectorSpec selector, RoundSpec rounds)
    {
        var plan = TestJobs.Flat(trainers, rounds, Training);
        return new(plan.Job with { Graph = plan.Job.Graph with { Channels = [.. plan.Job.Graph.Channels.Select(channel => channel with { Selector = selector })] } }, plan.Workers);
    }

    private static InMemoryJob Job(int trainers, SelectorSpec selector, SoftmaxEngine? engine = null, MemoryStateStore? state = null, RoundSpec? rounds = null, RecordingObserver? replay = null) =>
        new(Plan(trainers, selector, rounds ?? Rounds))
        {
            Engine = engine ?? new(),
            State = state ?? new(),
            Replay = replay is null ? null : new(new() { Job = "test-job", Title = "", State = "completed", Runtime = "", Workers = trainers + 1, Model = replay.End!.Model.ContentHash(), Rounds = replay.Rounds }),
        };
}
