using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Federated;
using FlameEdge.Hosting;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Hosting;

/// <summary>Workers that come, go and move while their job runs.</summary>
public sealed class PlacementTests
{
    private static readonly WorkerId Top = new("aggregator_0");
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private readonly MemoryHub hub = new();

    [Fact]
    public async Task A_newcomer_is_counted_from_the_next_round_and_who_has_no_place_any_more_is_not_waited_for()
    {
        var all = TestJobs.Flat(3, Rounds(6), Training);
        JobRunner? running = null;
        using var leave = new CancellationTokenSource();
        var newcomer = Task.CompletedTask;
        var leaver = RunnerOf(Without(all, "trainer_2"), "trainer_0").RunAsync(leave.Token);
        var observer = new RecordingObserver
        {
            OnRound = round =>
            {
                if (round.Round == 2)
                {
                    newcomer = RunnerOf(all, "trainer_2").RunAsync(CancellationToken.None);
                    Assert.True(running!.PlaceAsync(all, CancellationToken.None).IsCompletedSuccessfully);
                }
                else if (round.Round == 4)
                {
                    leave.Cancel();
                    Assert.True(running!.PlaceAsync(Without(all, "trainer_0"), CancellationToken.None).IsCompletedSuccessfully);
                }
            },
        };
        running = RunnerOf(Without(all, "trainer_2"), new MemoryStateStore(), observer, "aggregator_0", "trainer_1");

        await running.RunAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        await newcomer.WaitAsync(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);

        string[][] expected = [["trainer_0", "trainer_1"], ["trainer_0", "trainer_1"], ["trainer_0", "trainer_1", "trainer_2"], ["trainer_0", "trainer_1", "trainer_2"], ["trainer_1", "trainer_2"], ["trainer_1", "trainer_2"]];
        Assert.Equal(expected, observer.Rounds.Select(round => round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Counted).Select(verdict => verdict.Worker).ToArray()));
    }

    [Fact]
    public async Task An_aggregator_goes_on_elsewhere_from_its_snapshot_to_the_same_bits()
    {
        var plan = TestJobs.Flat(3, Rounds(5), Training);
        var undisturbed = new RecordingObserver();
        await RunnerOf(plan, new MemoryStateStore(), undisturbed, "aggregator_0", "trainer_0", "trainer_1", "trainer_2").RunAsync(CancellationToken.None);

        using var death = new CancellationTokenSource();
        var first = new MemoryStateStore();
        var trainers = RunnerOf(plan, "trainer_0", "trainer_1", "trainer_2");
        var training = trainers.RunAsync(CancellationToken.None);
        var dying = RunnerOf(plan, first, new RecordingObserver { OnRound = round => Cancel(death, round.Round == 3) }, "aggregator_0");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dying.RunAsync(death.Token).WaitAsync(TimeSpan.FromSeconds(60)));
        var snapshot = await RunSnapshot.TakeAsync(first, Top, CancellationToken.None);

        var second = new MemoryStateStore();
        await RunSnapshot.PutAsync(second, Top, snapshot, CancellationToken.None);
        var moved = new JobPlan(plan.Job, [.. plan.Workers.Select(worker => worker.Id == Top ? worker with { Agent = new AgentId("elsewhere") } : worker)]);
        await trainers.PlaceAsync(moved, CancellationToken.None);
        var observer = new RecordingObserver();
        await RunnerOf(moved, second, observer, "aggregator_0").RunAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        await training.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(undisturbed.Rounds.Select(round => round.Model), observer.End!.Rounds.Select(round => round.Model));
        Assert.Equal([4, 5], observer.Rounds.Select(round => round.Round));
    }

    private static void Cancel(CancellationTokenSource source, bool isTime)
    {
        if (isTime)
        {
            source.Cancel();
        }
    }

    private static RoundSpec Rounds(int count) => new() { Count = count, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    private static JobPlan Without(JobPlan plan, string worker) => new(plan.Job, [.. plan.Workers.Where(other => other.Id.Value != worker)]);

    private JobRunner RunnerOf(JobPlan plan, params string[] workers) => RunnerOf(plan, new MemoryStateStore(), new RecordingObserver(), workers);

    private JobRunner RunnerOf(JobPlan plan, IStateStore state, RecordingObserver observer, params string[] workers) => new(new JobSetup
    {
        Plan = plan,
        Workers = [.. workers.Select(worker => new WorkerId(worker))],
        Roles = StandardRoles.Catalog(),
        Engines = [new SoftmaxEngine()],
        LoadAsync = (spec, _) => Task.FromResult(TestJobs.Rows(spec.Id)),
        State = state,
        Backends = new Dictionary<string, IChannelBackend> { ["memory"] = new MemoryChannelBackend(hub) },
        Observer = observer,
        ComputeLimit = 4,
    });
}
