using System.Collections.Concurrent;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Federated.Sampling;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Tests.Federated.Replicas;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Sampling;

/// <summary>Whole jobs whose clients learn from a choice of their rows.</summary>
public class SampledJobTests
{
    private const int Rows = 40;
    private static readonly WorkerId Top = new("aggregator_0");
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Epochs = 2, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 3, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };
    private readonly ConcurrentQueue<(int Round, ModelHead Head)> seen = [];

    [Fact]
    public async Task A_round_with_its_quorum_ends_at_the_deadline_that_most_clients_meet()
    {
        var observer = await Job(Flat(3, Steady, Rounds with { Quorum = 2 }), SlowLast(TimeSpan.FromMilliseconds(20))).RunAsync(TestContext.Current.CancellationToken);

        Assert.All(observer.Rounds[0].Verdicts, verdict => Assert.Equal(Verdict.Counted, verdict.Verdict));
        Assert.All(observer.Rounds.Skip(1), round =>
        {
            var late = Assert.Single(round.Verdicts, verdict => verdict.Verdict == Verdict.Late);
            Assert.Equal("trainer_2", late.Worker);
            Assert.Contains("no complete update within 0", late.Reason, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Without_a_quorum_a_round_waits_beyond_that_deadline()
    {
        var observer = await Job(Flat(3, Steady, Rounds with { Count = 2 }), SlowLast(TimeSpan.FromMilliseconds(20))).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(6, observer.Rounds.Sum(round => round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)));
        Assert.InRange(seen.Last().Head.PaceSeconds!.Value, 0, 0.79);
    }

    [Fact]
    public async Task As_rounds_gain_less_a_slow_client_learns_from_its_hard_rows_only()
    {
        var sampler = new SamplerSpec { Window = 1, LossStep = 1, DeadlineStep = 0 };
        var observer = await Job(Flat(3, sampler, Rounds with { Count = 8 }), SlowLast(TimeSpan.FromMilliseconds(5))).RunAsync(TestContext.Current.CancellationToken);

        var rows = observer.Rounds.Select(round => round.Verdicts.Single(verdict => verdict.Worker == "trainer_2").Samples).ToList();
        Assert.Equal([Rows, Rows], rows[..2]);
        Assert.Contains(rows, count => count is > 0 and <= Rows / 2);
        Assert.All(observer.Rounds, round => Assert.Equal(round.Samples, round.Verdicts.Sum(verdict => verdict.Samples)));
    }

    [Fact]
    public async Task An_aggregator_that_was_stopped_goes_on_with_its_threshold_and_deadline()
    {
        var (state, sampler) = (new MemoryStateStore(), new SamplerSpec { Window = 1, LossStep = 0.25 });
        await Job(Flat(3, sampler, Rounds), SlowLast(TimeSpan.FromMilliseconds(2)), state).RunAsync(TestContext.Current.CancellationToken);
        var kept = await StateOf(state, Top);
        Assert.Equal((3, 3), (kept!.Round, kept.Speeds.Count));
        seen.Clear();

        await Job(Flat(3, sampler, Rounds with { Count = 4 }), SlowLast(TimeSpan.FromMilliseconds(2)), state).RunAsync(TestContext.Current.CancellationToken);

        var (round, head) = seen.First();
        Assert.Equal(4, round);
        Assert.True(kept.Control.Low > 0);
        Assert.Equal(kept.Control.Low + ((kept.Control.High - kept.Control.Low) * kept.Control.LossRatio), head.LossThreshold);
        Assert.NotNull(head.PaceSeconds);
    }

    [Fact]
    public async Task Who_takes_a_run_over_takes_threshold_and_deadline_over()
    {
        var (first, second) = (new MemoryStateStore(), new MemoryStateStore());
        await Job(Flat(2, Steady, Rounds), new(), first).RunAsync(TestContext.Current.CancellationToken);

        var snapshot = await RunSnapshot.TakeAsync(first, Top, CancellationToken.None);
        await RunSnapshot.PutAsync(second, Top, snapshot, CancellationToken.None);

        Assert.Equal(await first.ReadAsync(CohortSampling.Collection, Top.Value, CancellationToken.None), await second.ReadAsync(CohortSampling.Collection, Top.Value, CancellationToken.None));
        Assert.Equal(3, (await StateOf(second, Top))!.Round);
    }

    [Fact]
    public async Task In_a_tree_each_aggregator_steers_the_clients_below_it()
    {
        var (state, plan) = (new MemoryStateStore(), TestJobs.Tree(4, 2, Rounds, Training));
        var observer = await Job(new(plan.Job with { Sampler = Steady }, plan.Workers), new(), state).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.Null(await StateOf(state, Top));
        foreach (var middle in new[] { 0, 1 })
        {
            var kept = await StateOf(state, new($"middle_{middle}"));
            Assert.Equal((3, 2), (kept!.Round, kept.Speeds.Count));
        }
    }

    [Fact]
    public async Task Replicas_steer_the_clients_that_chose_them()
    {
        var (state, plan) = (new MemoryStateStore(), ReplicatedJobs.Plan(4, 2, Rounds, Training));
        var observer = await Job(new(plan.Job with { Sampler = Steady }, plan.Workers), new(), state).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(4, round.Verdicts.Count(verdict => verdict is { Verdict: Verdict.Counted, Via: not null })));
        var kept = new List<SamplingState?> { await StateOf(state, ReplicatedJobs.Middle(0)), await StateOf(state, ReplicatedJobs.Middle(1)) };
        Assert.Equal(plan.Workers.Select(worker => worker.Id.Value).Where(id => id.StartsWith("trainer_", StringComparison.Ordinal)), kept.SelectMany(one => one?.Speeds.Keys ?? []).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_replay_is_refused()
    {
        var former = await Job(Flat(2, Steady, Rounds), new()).RunAsync(TestContext.Current.CancellationToken);
        var script = new ReplayScript(new() { Job = "j", Title = "j", State = "completed", Runtime = "test", Workers = 3, Model = "m", Rounds = former.Rounds });

        var error = await Assert.ThrowsAsync<TopologyException>(() => Job(Flat(2, Steady, Rounds), new(), replay: script).RunAsync(TestContext.Current.CancellationToken));

        Assert.Contains("a job with a sampler cannot be replayed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_of_a_job_without_a_sampler_are_what_they_were()
    {
        await Job(Flat(2, null, Rounds with { Count = 1 }), new()).RunAsync(TestContext.Current.CancellationToken);
        var json = Encoding.UTF8.GetString(FederatedJson.Write(seen.First().Head, FederatedJson.Default.ModelHead));
        Assert.DoesNotContain("lossThreshold", json, StringComparison.Ordinal);
        Assert.DoesNotContain("paceSeconds", json, StringComparison.Ordinal);

        var update = FederatedJson.Read("""{"run":"r","base":"b","samples":3,"hasReport":false}"""u8, FederatedJson.Default.UpdateHead);
        Assert.Null(update.Sampled);
        Assert.Equal("""{"run":"r","base":"b","samples":3,"hasReport":false}""", Encoding.UTF8.GetString(FederatedJson.Write(update, FederatedJson.Default.UpdateHead)));
        var told = FederatedJson.Write(update with { Sampled = new(0.5, 2, 12, 10) }, FederatedJson.Default.UpdateHead);
        Assert.Contains("""{"low":0.5,"high":2,"selectedSum":12,"selectedCount":10}""", Encoding.UTF8.GetString(told), StringComparison.Ordinal);
        Assert.Equal(new FedBalancerReport(0.5, 2, 12, 10), FederatedJson.Read(told, FederatedJson.Default.UpdateHead).Sampled);
    }

    // Threshold and deadline follow losses and speeds alone.
    private static SamplerSpec Steady { get; } = new() { LossStep = 0, DeadlineStep = 0 };

    private static async Task<SamplingState?> StateOf(MemoryStateStore state, WorkerId worker) =>
        await state.ReadAsync(CohortSampling.Collection, worker.Value, CancellationToken.None) is { } json ? FederatedJson.Read(json, FederatedJson.Default.SamplingState) : null;

    // The last client takes that long for a row, the others half a millisecond.
    private static SoftmaxEngine SlowLast(TimeSpan perRow) => new() { OnRows = (data, token) => token.WaitHandle.WaitOne(data.Count * (data.Name == "d-2" ? perRow : TimeSpan.FromMilliseconds(0.5))) };

    private static JobPlan Flat(int trainers, SamplerSpec? sampler, RoundSpec rounds)
    {
        var plan = TestJobs.Flat(trainers, rounds, Training);
        return new(plan.Job with { Sampler = sampler }, plan.Workers);
    }

    private InMemoryJob Job(JobPlan plan, SoftmaxEngine engine, MemoryStateStore? state = null, ReplayScript? replay = null) =>
        new(plan) { Engine = engine, State = state ?? new(), Replay = replay, Around = inner => new SeenModels(inner, seen) };
}
