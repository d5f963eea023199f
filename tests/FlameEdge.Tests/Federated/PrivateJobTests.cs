using FlameEdge.Diagnostics;
using FlameEdge.Federated.Privacy;
using FlameEdge.Models;
using FlameEdge.Parameters;
using FlameEdge.Parameters.Codecs;
using FlameEdge.Rounds;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

public class PrivateJobTests
{
    private const int Clients = 4;
    private const int Features = 1000;
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly TrainingSpec Still = Training with { LearningRate = 1e-30 };

    [Theory]
    [InlineData(PrivacySpec.Server, 0.5 * 2 / Clients)]
    [InlineData(PrivacySpec.Client, 0.5 * 2 / 2)] // Four of them, each with all of it: √4 / 4.
    public async Task Where_nothing_is_learned_the_noise_is_what_was_asked_for(string kind, double deviation)
    {
        var observer = await RunAsync(new() { Kind = kind, Clip = 0.5, Noise = 2 }, 1, Still);

        var values = observer.End!.Model.Values.ToArray();
        Assert.InRange(Math.Sqrt(values.Average(value => (double)value * value)), 0.9 * deviation, 1.1 * deviation); // Six deviations of 2002 values.
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_client_moves_the_model_further_than_the_clip(bool isTree)
    {
        var engine = new SoftmaxEngine { OnTrained = (data, values) => Array.Fill(values, data == "d-1" ? 50 : 0.1f) };

        var observer = await RunAsync(new() { Kind = PrivacySpec.Server, Clip = 0.01, Noise = 1e-9 }, 1, Training, engine, isTree);

        Assert.InRange(observer.Rounds[0].Norm, 0.0099, 0.0101); // All of them went the same way, each as far as it may.
        Assert.Equal(Clients, observer.Rounds[0].Samples);
    }

    [Fact]
    public async Task A_client_that_diverged_sends_nothing_of_it()
    {
        var engine = new SoftmaxEngine { OnTrained = (data, values) => Array.Fill(values, data == "d-1" ? float.NaN : 0) };

        var observer = await RunAsync(new() { Kind = PrivacySpec.Server, Clip = 0.01, Noise = 1e-9 }, 1, Training, engine);

        Assert.Equal(RoundOutcome.Completed, observer.Rounds[0].Outcome);
        Assert.InRange(observer.Rounds[0].Norm, 0, 1e-6);
    }

    [Fact]
    public void The_server_shortens_what_a_client_did_not()
    {
        var layout = ParameterLayout.Of([("weight", [2], ParameterKind.Trainable)]);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        UpdateCodec.Plain.Encode(layout, [30f, 40f], output);
        var sum = new ExactSum(2, SumStep.For(16, 1024));

        Assert.Equal(SumRefusal.None, new UpdateGuard(new() { Kind = PrivacySpec.Server, Clip = 5, Noise = 1 }).Fold(UpdateCodec.Plain, new(output.WrittenMemory), layout, 1, sum));

        var mean = new float[2];
        sum.Mean(mean);
        Assert.Equal([3f, 4f], mean.Select(value => MathF.Round(value, 4)));
    }

    [Theory]
    [InlineData(PrivacySpec.Server)]
    [InlineData(PrivacySpec.Client)]
    public async Task Training_stops_at_the_budget_and_says_what_was_spent(string kind)
    {
        var accountant = new RdpAccountant(1, 4);
        var budget = accountant.Epsilon(3, 1e-5).Epsilon + 0.01;

        var observer = await RunAsync(new() { Kind = kind, Clip = 1, Noise = 4, Epsilon = budget }, 10, Training);

        Assert.Equal("completed", observer.End!.State);
        Assert.Contains("the privacy budget allows no further round", observer.End.Reason);
        Assert.Equal([1, 2, 3], observer.Rounds.Select(round => round.Round));
        Assert.All(observer.Rounds, round => Assert.Equal(accountant.Epsilon(round.Round, 1e-5).Epsilon, round.Epsilon!.Value, 1e-12));
        Assert.All(observer.Rounds, round => Assert.Null(round.TrainingLoss)); // An exact loss would tell what the noise hides.
    }

    [Fact]
    public async Task A_budget_below_the_first_round_is_refused()
    {
        var error = await Assert.ThrowsAsync<TopologyException>(() => RunAsync(new() { Kind = PrivacySpec.Server, Clip = 1, Noise = 0.1, Epsilon = 1 }, 1, Training));

        Assert.Contains("not one round fits into epsilon 1", error.Message);
    }

    [Fact]
    public void A_round_without_a_quorum_spends_nothing_of_the_servers_noise_and_all_of_the_clients()
    {
        var rounds = new[] { Round(RoundOutcome.Completed), Round(RoundOutcome.NoQuorum) };

        Assert.Equal(1, new PrivacyBudget(new() { Kind = PrivacySpec.Server, Clip = 1, Noise = 1 }).ReleasesOf(rounds));
        Assert.Equal(2, new PrivacyBudget(new() { Kind = PrivacySpec.Client, Clip = 1, Noise = 1 }).ReleasesOf(rounds));

        static RoundResult Round(RoundOutcome outcome) => new() { Round = 1, Outcome = outcome, Base = "", Model = "", Verdicts = [] };
    }

    [Fact]
    public async Task A_client_counts_for_itself_over_all_runs_and_a_repeated_release_once()
    {
        var spec = new PrivacySpec { Kind = PrivacySpec.Client, Clip = 1, Noise = 4 };
        var budget = new PrivacyBudget(spec with { Epsilon = new PrivacyBudget(spec).EpsilonOf(2) + 0.01 });
        var state = new MemoryStateStore();
        PrivacyLedger Ledger() => new(state, new WorkerId("trainer_0"), budget); // As a process that starts anew.

        Assert.True(await Ledger().TrySpendAsync("run-a 1 0", CancellationToken.None));
        Assert.True(await Ledger().TrySpendAsync("run-a 1 0", CancellationToken.None));
        Assert.True(await Ledger().TrySpendAsync("run-b 1 0", CancellationToken.None));
        Assert.True(await Ledger().TrySpendAsync("run-b 1 0", CancellationToken.None));
        Assert.False(await Ledger().TrySpendAsync("run-b 2 0", CancellationToken.None));
    }

    private static Task<RecordingObserver> RunAsync(PrivacySpec privacy, int count, TrainingSpec training, SoftmaxEngine? engine = null, bool isTree = false)
    {
        var rounds = new RoundSpec { Count = count, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) };
        var plan = isTree ? TestJobs.Tree(Clients, 2, rounds, training) : TestJobs.Flat(Clients, rounds, training);
        return new InMemoryJob(new(plan.Job with { Privacy = privacy }, plan.Workers)) { Engine = engine ?? new(), Load = spec => Wide(spec.Id) }.RunAsync();
    }

    // Many values, so that the spread of their noise is known well.
    private static Dataset Wide(DatasetId id) => new(id.Value, [Features], 2, Enumerable.Range(0, 4 * Features).Select(i => (i % 7) - 3f).ToArray(), new[] { 0, 1, 0, 1 });
}
