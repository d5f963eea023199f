using System.Text;
using System.Text.Json;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class HybridJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 3, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    [Theory]
    [InlineData(4, 2)]
    [InlineData(5, 2)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    public async Task Groups_come_to_the_model_that_an_aggregator_makes_of_all_single_updates(int trainers, int groups)
    {
        var classical = await new InMemoryJob(TestJobs.Flat(trainers, Rounds, Training)).RunAsync();
        var hybrid = await new InMemoryJob(TestJobs.Hybrid(trainers, groups, Rounds, Training)).RunAsync();

        Assert.Equal("completed", hybrid.End!.State);
        AssertNear(classical.End!.Model.Values.ToArray(), hybrid.End.Model.Values.ToArray());
        Assert.Equal(classical.Rounds.Select(round => round.Accuracy), hybrid.Rounds.Select(round => round.Accuracy));
        Assert.All(classical.Rounds.Zip(hybrid.Rounds), pair => Assert.Equal(pair.First.TrainingLoss!.Value, pair.Second.TrainingLoss!.Value, 1e-5));

        // The record says the same of everybody, whoever brought it.
        Assert.Equal(
            classical.Rounds.SelectMany(round => round.Verdicts.Select(verdict => (round.Round, verdict.Worker, verdict.Verdict, verdict.Samples, verdict.Via))),
            hybrid.Rounds.SelectMany(round => round.Verdicts.Select(verdict => (round.Round, verdict.Worker, verdict.Verdict, verdict.Samples, verdict.Via))));
    }

    [Fact]
    public async Task One_update_of_each_group_goes_up_in_a_round()
    {
        var observer = await new InMemoryJob(TestJobs.Hybrid(6, 2, Rounds, Training)).RunAsync();

        // Six values of float32 behind a header of 48 bytes, from each of two groups.
        Assert.All(observer.Rounds, round => Assert.Equal(2 * (48 + 24), round.UpdateBytes!.After));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Where_a_member_is_lost_in_the_midst_of_a_round_its_group_goes_on_and_nothing_counts_twice(int victim)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var plan = TestJobs.Hybrid(5, 2, Rounds with { Count = 4, QuorumShare = 0.6 }, Training);
        var lost = WorkerId.Of(new("trainer"), victim);
        var (hub, state) = (new MemoryHub(), new MemoryStateStore());
        using var death = new CancellationTokenSource();
        using var gone = new ManualResetEventSlim();

        // It dies in its second training, and is back only when the job is over.
        var calls = 0;
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, _) =>
            {
                if (data == $"d-{victim}" && ++calls == 2)
                {
                    death.Cancel();
                    gone.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
                }
            },
        };
        var others = new InMemoryJob(plan) { Hub = hub, State = state, Engine = engine, Workers = [.. plan.Workers.Select(worker => worker.Id).Where(id => id != lost)] }.RunAsync(cancellationToken);
        var first = new InMemoryJob(plan) { Hub = hub, State = state, Engine = engine, Workers = [lost] }.RunAsync(death.Token);
        await Task.Run(() => death.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)), cancellationToken);
        gone.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var observer = await others;

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal([1, 2, 3, 4], observer.Rounds.Select(round => round.Round));
        Assert.All(observer.Rounds, round => Assert.Equal(RoundOutcome.Completed, round.Outcome));
        Assert.Equal([200, 160, 160, 160], observer.Rounds.Select(round => round.Samples));
        Assert.All(observer.Rounds, round => Assert.Equal(round.Samples, round.Verdicts.Sum(verdict => verdict.Samples)));
        Assert.Equal([Verdict.Counted, Verdict.Left], observer.Rounds.Take(2).Select(round => round.Verdicts.Single(verdict => verdict.Worker == lost.Value).Verdict));
        Assert.All(observer.Rounds.Skip(2), round => Assert.Equal(Verdict.Absent, round.Verdicts.Single(verdict => verdict.Worker == lost.Value).Verdict));
    }

    [Fact]
    public Task A_group_counts_once_whoever_of_it_sends() => LeadersAsync(
        (0, [(0, 40), (2, 40)], "\"counted\""),
        (2, [(0, 40), (2, 40)], "already counted"),
        (3, [(1, 40), (3, 40)], "\"counted\""));

    [Fact]
    public Task An_update_counts_only_with_a_report_that_accounts_for_it_by_its_own_group() => LeadersAsync(
        (1, [(1, 40), (0, 40)], "accounts for its 80 samples"),
        (3, [(1, 40), (3, 40)], "\"counted\""),
        (0, [(0, 40), (2, 40)], "\"counted\""));

    // One round of an aggregator whose groups' leaders send what a test has them send; at the end every worker must have counted once.
    private static async Task LeadersAsync(params (int Trainer, (int Worker, long Samples)[] Report, string Answer)[] updates)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var plan = TestJobs.Hybrid(4, 2, Rounds with { Count = 1 }, Training);
        var hub = new MemoryHub();
        await using var backend = new MemoryChannelBackend(hub);
        var leaders = new Dictionary<int, IChannel>();
        foreach (var (trainer, _, _) in updates)
        {
            leaders[trainer] = await backend.OpenAsync(EndOf(plan, trainer), cancellationToken);
            await leaders[trainer].JoinAsync(new(80), cancellationToken);
        }

        var job = new InMemoryJob(plan) { Hub = hub, Workers = [plan.Workers[0].Id] }.RunAsync(cancellationToken);
        foreach (var (trainer, report, answer) in updates)
        {
            Assert.Contains(answer, await AnswerAsync(leaders[trainer], report), StringComparison.Ordinal);
        }

        var observer = await job;

        Assert.Equal(160, observer.Rounds[0].Samples);
        Assert.All(observer.Rounds[0].Verdicts, verdict => Assert.Equal((Verdict.Counted, 40L), (verdict.Verdict, verdict.Samples)));
        foreach (var leader in leaders.Values)
        {
            await leader.DisposeAsync();
        }

        async Task<string> AnswerAsync(IChannel leader, (int Worker, long Samples)[] report)
        {
            var said = string.Join(",", report.Select(entry => $$"""{"worker":"trainer_{{entry.Worker}}","verdict":"counted","samples":{{entry.Samples}}}"""));
            await foreach (var item in leader.ReceiveAsync(cancellationToken))
            {
                using var arrived = item as MessageArrived;
                if (arrived?.Message is { Kind: MessageKind.Model } model)
                {
                    using var head = JsonDocument.Parse(model.Head);
                    var (run, start) = (head.RootElement.GetProperty("run").GetString(), head.RootElement.GetProperty("base").GetString());
                    await leader.SendAsync(item.Worker, new Message { Kind = MessageKind.Report, Round = 1, Body = new(Encoding.UTF8.GetBytes($"[{said}]")) }, cancellationToken);
                    await leader.SendAsync(item.Worker, new Message { Kind = MessageKind.Update, Round = 1, Head = Encoding.UTF8.GetBytes($$"""{"run":"{{run}}","base":"{{start}}","samples":80,"hasReport":true}"""), Body = model.Body }, cancellationToken);
                }
                else if (arrived?.Message is { Kind: MessageKind.Verdict } verdict)
                {
                    return Encoding.UTF8.GetString(verdict.Head.Span);
                }
            }

            throw new InvalidOperationException("the channel ended");
        }
    }

    private static ChannelEndpoint EndOf(JobPlan plan, int trainer)
    {
        var (worker, aggregator, channel) = (plan.Find(WorkerId.Of(new("trainer"), trainer))!, plan.Workers[0], new ChannelName("global"));
        return new()
        {
            Job = plan.Job.Name,
            Channel = channel,
            Group = worker.Groups[channel],
            Self = worker.Id,
            Agent = worker.RunsOn,
            Role = worker.Role,
            OtherRole = aggregator.Role,
            Placement = new Dictionary<WorkerId, AgentId> { [aggregator.Id] = aggregator.RunsOn },
            Incarnation = 1,
        };
    }

    // A ring adds floats in its own order, and an aggregator rounds sums of groups.
    private static void AssertNear(float[] expected, float[] actual, float tolerance = 1e-6f)
    {
        Assert.Contains(expected, value => Math.Abs(value) > 0.01);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
    }
}
