using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Federated.Ring;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class RingJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 3, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_ring_comes_to_the_model_that_an_aggregator_makes_of_the_same_updates(int trainers)
    {
        var classical = await new InMemoryJob(TestJobs.Flat(trainers, Rounds, Training)).RunAsync();
        var ring = await new InMemoryJob(TestJobs.Ring(trainers, Rounds, Training)).RunAsync();

        Assert.Equal("completed", ring.End!.State);
        AssertNear(classical.End!.Model.Values.ToArray(), ring.End.Model.Values.ToArray());
        Assert.Equal(classical.Rounds.Select(round => round.Samples), ring.Rounds.Select(round => round.Samples));
        Assert.Equal(classical.Rounds[^1].Accuracy, ring.Rounds[^1].Accuracy);
        Assert.All(ring.Rounds.SelectMany(round => round.Verdicts), verdict => Assert.Equal(Verdict.Counted, verdict.Verdict));
        Assert.All(ring.Rounds.Zip(ring.Rounds.Skip(1)), pair => Assert.Equal(pair.First.Model, pair.Second.Base));
    }

    [Fact]
    public async Task Every_member_holds_the_same_model_and_history_durably()
    {
        var job = new InMemoryJob(TestJobs.Ring(4, Rounds, Training));

        await job.RunAsync();

        var checkpoints = (await job.State.ListAsync("checkpoints", TestContext.Current.CancellationToken)).Where(entry => entry.Key.EndsWith("00000003", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, checkpoints.Count);
        Assert.Single(checkpoints.Select(entry => System.Text.Encoding.UTF8.GetString(entry.Value)).Distinct());
    }

    [Fact]
    public async Task An_optimizer_that_carries_state_takes_the_same_steps_on_every_member()
    {
        var (flat, ring) = (TestJobs.Flat(3, Rounds, Training), TestJobs.Ring(3, Rounds, Training));
        var optimizer = new OptimizerSpec { Kind = "fedadam", Rate = 0.05 };

        var expected = await new InMemoryJob(new(flat.Job with { Optimizer = optimizer }, flat.Workers)).RunAsync();
        var actual = await new InMemoryJob(new(ring.Job with { Optimizer = optimizer }, ring.Workers)).RunAsync();

        // Adam divides by small numbers: rounding of the sum shows more.
        AssertNear(expected.End!.Model.Values.ToArray(), actual.End!.Model.Values.ToArray(), 1e-4f);
    }

    [Fact]
    public async Task A_member_that_hangs_is_late_and_the_others_go_on_without_it()
    {
        var engine = new SoftmaxEngine { OnTrain = (data, token) => Hang(data == "d-0", token) };
        var job = new InMemoryJob(TestJobs.Ring(4, Rounds with { Count = 1, Deadline = TimeSpan.FromSeconds(1), Quorum = 2 }, Training)) { Engine = engine };

        var observer = await job.RunAsync();

        // It coordinates all the same, and carries the sum of the others.
        Assert.Equal([Verdict.Late, Verdict.Counted, Verdict.Counted, Verdict.Counted], observer.Rounds[0].Verdicts.Select(verdict => verdict.Verdict));
        Assert.Equal(120, observer.Rounds[0].Samples);
    }

    [Fact]
    public async Task A_change_that_is_not_finite_is_refused_and_reaches_nobody()
    {
        var engine = new SoftmaxEngine { OnTrained = (data, values) => values[0] = data == "d-1" ? float.NaN : values[0] };

        var observer = await new InMemoryJob(TestJobs.Ring(4, Rounds with { Quorum = 2 }, Training)) { Engine = engine }.RunAsync();

        Assert.All(observer.Rounds, round => Assert.Equal(Verdict.Refused, round.Verdicts.Single(verdict => verdict.Worker == "trainer_1").Verdict));
        Assert.DoesNotContain(observer.End!.Model.Values.ToArray(), value => !float.IsFinite(value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Where_a_member_is_lost_in_the_midst_of_a_round_the_rest_sum_again_without_it_and_it_comes_back_to_their_model(int victim)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var plan = TestJobs.Ring(4, Rounds with { Count = 4, Quorum = 3 }, Training);
        var (hub, state) = (new MemoryHub(), new MemoryStateStore());
        using var death = new CancellationTokenSource();
        using var trained = new CountdownEvent(4);
        using var gone = new ManualResetEventSlim();

        // The victim dies in its second training, when the others have begun theirs and wait for nothing else.
        var calls = 0;
        var engine = new SoftmaxEngine
        {
            OnTrain = (data, token) =>
            {
                if (data == $"d-{victim}" && ++calls == 2)
                {
                    death.Cancel();
                    gone.Wait(TimeSpan.FromSeconds(30), CancellationToken.None);
                }
            },
        };
        WorkerId[] rest = [.. plan.Workers.Select(worker => worker.Id).Where(id => id != WorkerId.Of(new("trainer"), victim))];
        var observer = new RecordingObserver();
        var others = new InMemoryJob(plan) { Hub = hub, State = state, Engine = engine, Workers = rest, Observer = observer }.RunAsync(cancellationToken);
        var first = new InMemoryJob(plan) { Hub = hub, State = state, Engine = engine, Workers = [WorkerId.Of(new("trainer"), victim)] }.RunAsync(death.Token);
        await Task.Run(() => death.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)), cancellationToken);
        gone.Set();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var back = new RecordingObserver();
        await new InMemoryJob(plan) { Hub = hub, State = state, Workers = [WorkerId.Of(new("trainer"), victim)], Observer = back }.RunAsync(cancellationToken);
        await others;

        var end = observer.End ?? back.End!;
        Assert.Equal("completed", end.State);
        Assert.Equal([1, 2, 3, 4], end.Rounds.Select(round => round.Round));
        Assert.All(end.Rounds, round => Assert.Equal(round.Samples, 40 * round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted)));
        var last = (await state.ListAsync("checkpoints", cancellationToken)).Where(entry => entry.Key.EndsWith("00000004", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, last.Count);
        Assert.Single(last.Select(entry => System.Text.Encoding.UTF8.GetString(entry.Value)).Distinct());
    }

    [Fact]
    public async Task What_a_member_overstates_takes_nobody_down()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var plan = TestJobs.Ring(3, Rounds with { Quorum = 2 }, Training);
        var hub = new MemoryHub();
        await using var backend = new MemoryChannelBackend(hub);
        await using var liar = await backend.OpenAsync(EndOf(plan, 2), cancellationToken);
        await liar.JoinAsync(new(40), cancellationToken);

        var job = new InMemoryJob(plan) { Hub = hub, Workers = [plan.Workers[0].Id, plan.Workers[1].Id] }.RunAsync(cancellationToken);
        await foreach (var item in liar.ReceiveAsync(cancellationToken))
        {
            if (item is MessageArrived { Message.Kind: MessageKind.Ring } arrived && arrived.Worker == plan.Workers[0].Id)
            {
                using var head = System.Text.Json.JsonDocument.Parse(arrived.Message.Head);
                var standing = head.RootElement.GetProperty("standing").GetRawText();
                await SayAsync($$"""{"kind":"here","standing":{{standing}},"order":2147483647}""");
                await SayAsync($$"""{"kind":"here","standing":{{standing}},"samples":9223372036854775807,"isReady":true}""");
                await SayAsync($$"""{"kind":"commit","standing":{{standing}},"order":1,"coordinator":"trainer_0","hash":"","run":"mine"}""");
                await SayAsync("""{"kind":"begin"}""");
                break;
            }
        }

        await liar.LeaveAsync(cancellationToken);
        var observer = await job;

        Assert.Equal("completed", observer.End!.State);
        Assert.All(observer.Rounds, round => Assert.Equal(80, round.Samples));

        Task SayAsync(string head) => liar.SendAsync(plan.Workers[0].Id, new Message { Kind = MessageKind.Ring, Round = 1, Head = System.Text.Encoding.UTF8.GetBytes(head) }, cancellationToken);
    }

    [Fact]
    public async Task A_ring_below_its_quorum_says_who_is_missing()
    {
        var plan = TestJobs.Ring(3, Rounds with { Deadline = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(1) }, Training);
        var observer = new RecordingObserver();

        var error = await Assert.ThrowsAsync<JobFailedException>(() => new InMemoryJob(plan) { Workers = [plan.Workers[0].Id, plan.Workers[1].Id], Observer = observer }.RunAsync());

        Assert.Contains("2 of 3 members of its ring ready", error.Message);
        Assert.Equal("failed", observer.End!.State);
    }

    [Fact]
    public void The_furthest_standing_counts_and_among_equals_the_one_most_have()
    {
        var table = new RingTable();
        RingStanding Stand(int round, string model) => new("r", round, model);
        RingPlace At(RingStanding standing) => new(standing, 1, 1, false, null, null);
        table[new("t_0")] = At(Stand(2, "a"));
        table[new("t_1")] = At(Stand(2, "b"));
        table[new("t_2")] = At(Stand(2, "b"));
        table[new("t_3")] = At(Stand(1, "c"));

        Assert.Equal(Stand(2, "b"), table.Target());
        Assert.Equal(new WorkerId("t_1"), table.HolderOf(table.Target()));
        table[new("t_3")] = At(Stand(3, "d"));
        Assert.Equal(Stand(3, "d"), table.Target());
    }

    // A repeated send asks on a thread of its own; a ring once died of "Collection was modified" in there.
    [Fact]
    public void Where_members_stand_can_be_asked_while_it_changes()
    {
        var table = new RingTable();
        table[new("t_0")] = table[new("t_1")] = new(new("r", 1, "a"), 1, 1, false, null, null);
        var asked = new List<WorkerId>();

        foreach (var (worker, _) in table.All)
        {
            asked.Add(worker);
            table[worker] = null;
        }

        Assert.Equal([new("t_0"), new("t_1")], asked);
        Assert.Empty(table.All);
    }

    [Fact]
    public async Task Who_is_there_can_be_asked_while_members_come()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var plan = TestJobs.Ring(3, Rounds, Training);
        await using var backend = new MemoryChannelBackend(new MemoryHub());
        var members = new List<IChannel>();
        for (var index = 0; index < 3; index++)
        {
            members.Add(await backend.OpenAsync(EndOf(plan, index), cancellationToken));
        }

        await using var inbox = new ChannelInbox(members[0], TimeProvider.System);
        await members[0].JoinAsync(new PeerCard(1), cancellationToken);
        await JoinAsync(1);

        var asked = new List<WorkerId>();
        foreach (var other in inbox.Present.Keys)
        {
            asked.Add(other);
            await JoinAsync(2);
        }

        Assert.Equal([plan.Workers[1].Id], asked);
        Assert.Equal(2, inbox.Present.Count);

        async Task JoinAsync(int index)
        {
            await members[index].JoinAsync(new PeerCard(1), cancellationToken);
            Assert.IsType<PeerJoined>(await inbox.NextAsync(TimeSpan.FromSeconds(30), cancellationToken));
        }
    }

    private static ChannelEndpoint EndOf(JobPlan plan, int index)
    {
        var (worker, channel) = (plan.Workers[index], plan.Job.Graph.Channels[0].Name);
        return new()
        {
            Job = plan.Job.Name,
            Channel = channel,
            Group = worker.Groups[channel],
            Self = worker.Id,
            Agent = worker.RunsOn,
            Role = worker.Role,
            OtherRole = worker.Role,
            Placement = plan.Workers.Where(other => other != worker).ToDictionary(other => other.Id, other => other.RunsOn),
            Incarnation = 1,
        };
    }

    private static void Hang(bool isVictim, CancellationToken token)
    {
        if (isVictim)
        {
            token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
            token.ThrowIfCancellationRequested();
        }
    }

    // An aggregator adds whole numbers, a ring adds floats in its own order.
    private static void AssertNear(float[] expected, float[] actual, float tolerance = 1e-6f)
    {
        Assert.Contains(expected, value => Math.Abs(value) > 0.01);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(pair.Second, pair.First - tolerance, pair.First + tolerance));
    }
}
