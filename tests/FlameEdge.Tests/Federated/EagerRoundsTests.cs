using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Rounds that end with their quorum, and the mean they end with.</summary>
public class EagerRoundsTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 1, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 1, Eager = true, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };

    [Theory]
    [InlineData(0, 1, 2, 3)]
    [InlineData(3, 2, 1, 0)]
    [InlineData(2, 0, 3, 1)]
    public async Task Four_like_clients_count_a_quarter_each_in_whatever_order_they_come(params int[] order)
    {
        // Client i changes value i by 1, and nothing else: what the model has there is its factor. Each waits until the one before it has trained.
        var turns = Enumerable.Range(0, 4).Select(_ => new SemaphoreSlim(0)).ToList();
        turns[order[0]].Release();
        var next = 1;
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) => turns[IndexOf(data)].Wait(token),
            OnTrained = (data, values) =>
            {
                Array.Clear(values);
                values[IndexOf(data)] = 1;
                if (next < 4)
                {
                    turns[order[next++]].Release();
                }
            },
        };

        var observer = await new InMemoryJob(TestJobs.Flat(4, Rounds, Training)) { Engine = engine }.RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal([0.25f, 0.25f, 0.25f, 0.25f, 0, 0], observer.End!.Model.Values.ToArray());
    }

    [Fact]
    public async Task A_round_is_over_with_its_quorum_and_the_straggler_stops_without_being_called_late()
    {
        var stopped = 0;
        using var begun = new ManualResetEventSlim();
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) =>
            {
                // The round is not over before the straggler is at work.
                if (data != "d-1")
                {
                    begun.Wait(TimeSpan.FromSeconds(30), token);
                }
                else
                {
                    begun.Set();
                    token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
                    Interlocked.Increment(ref stopped);
                    token.ThrowIfCancellationRequested();
                }
            },
            OnTrained = (data, values) =>
            {
                Array.Clear(values);
                values[IndexOf(data)] = 3;
            },
        };
        var plan = TestJobs.Flat(4, Rounds with { Quorum = 3 }, Training);
        var observer = await new InMemoryJob(plan) { Engine = engine }.RunAsync(TestContext.Current.CancellationToken);

        var round = Assert.Single(observer.Rounds);
        Assert.Equal(RoundOutcome.Completed, round.Outcome);
        Assert.InRange(round.Seconds, 0, 15);
        Assert.Equal((Verdict.Surplus, 0L), (round.Verdicts[1].Verdict, round.Verdicts[1].Samples));
        Assert.Equal([1, 0, 1, 1, 0, 0], observer.End!.Model.Values.ToArray());
        Assert.Equal(1, stopped);
    }

    [Fact]
    public async Task Groups_are_eager_too()
    {
        // Each of two groups has three trainers and needs two; the last of each never comes to an end by itself.
        var engine = new SoftmaxEngine { OnTrain = (data, token) => { if (data is "d-4" or "d-5") { token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)); token.ThrowIfCancellationRequested(); } } };
        var observer = await new InMemoryJob(TestJobs.Tree(6, 2, Rounds with { Count = 2, Quorum = 2 }, Training)) { Engine = engine }.RunAsync(TestContext.Current.CancellationToken);

        Assert.All(observer.Rounds, round =>
        {
            Assert.InRange(round.Seconds, 0, 15);
            Assert.Equal(["trainer_4", "trainer_5"], round.Verdicts.Where(verdict => verdict.Verdict == Verdict.Surplus).Select(verdict => verdict.Worker));
        });
    }

    private static int IndexOf(string data) => data[^1] - '0';
}
