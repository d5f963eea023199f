using FlameEdge.Federated.Privacy;
using FlameEdge.Models;
using FlameEdge.Rounds;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Clients that are drawn, each by itself, under the server's noise: what a round is made of and what it spends.</summary>
public class SampledPrivacyTests
{
    private const int Clients = 6;
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 3, BatchSize = null };
    private static readonly PrivacySpec Noisy = new() { Kind = PrivacySpec.Server, Clip = 0.5, Noise = 2 };

    [Fact]
    public async Task What_is_spent_is_that_of_the_draw_and_of_any_other_choice_that_of_everybody()
    {
        var drawn = await RunAsync(Noisy, new() { Kind = SelectorSpec.Poisson, Rate = 0.25 }, 3);
        var chosen = await RunAsync(Noisy, new() { Kind = SelectorSpec.Random, Count = 2 }, 3);

        var (sampled, plain) = (new RdpAccountant(0.25, 2), new RdpAccountant(1, 2));
        Assert.All(drawn.Rounds, round => Assert.Equal(sampled.Epsilon(round.Round, 1e-5).Epsilon, round.Epsilon!.Value, 1e-12));
        Assert.All(chosen.Rounds, round => Assert.Equal(plain.Epsilon(round.Round, 1e-5).Epsilon, round.Epsilon!.Value, 1e-12));
        Assert.True(drawn.Rounds[^1].Epsilon < chosen.Rounds[^1].Epsilon / 2);
    }

    [Fact]
    public void With_next_to_no_noise_what_is_spent_is_told_at_once_and_not_too_small()
    {
        Assert.Equal(RdpAccountant.Divergence(1, 1e-9, 2), RdpAccountant.Divergence(0.25, 1e-9, 2));

        // Where the integral begins to be used it is below that bound, and by no more than the logarithm of the rate allows: A is at least q^α times the unsampled moment.
        var (sampled, plain) = (RdpAccountant.Divergence(0.25, 0.05, 2), RdpAccountant.Divergence(1, 0.05, 2));
        Assert.InRange(sampled, plain + (2 * Math.Log(0.25)) - 1e-9, plain);
    }

    [Fact]
    public async Task A_round_divides_by_the_clients_expected_whoever_was_drawn()
    {
        // Each goes the same way as far as the clip allows, and no noise to speak of: the step's length tells how many were drawn.
        var engine = new SoftmaxEngine { OnTrained = (_, values) => Array.Fill(values, 1000f) };

        var observer = await RunAsync(Noisy with { Noise = 1e-9 }, new() { Kind = SelectorSpec.Poisson, Rate = 0.5 }, 12, engine);

        var before = 0.0;
        foreach (var round in observer.Rounds)
        {
            var counted = round.Verdicts.Count(verdict => verdict.Verdict == Verdict.Counted);
            Assert.Equal((RoundOutcome.Completed, Clients - counted), (round.Outcome, round.Verdicts.Count(verdict => verdict.Verdict == Verdict.NotSelected)));
            Assert.Equal(before + (counted * 0.5 / (0.5 * Clients)), round.Norm, 1e-5);
            before = round.Norm;
        }

        Assert.True(observer.Rounds.Select(round => round.Samples).Distinct().Count() > 1);
    }

    [Fact]
    public async Task A_draw_of_nobody_releases_the_noise_alone_and_spends_as_any_other()
    {
        var observer = await RunAsync(Noisy, new() { Kind = SelectorSpec.Poisson, Rate = 1e-9 }, 1);

        var round = Assert.Single(observer.Rounds);
        Assert.Equal((RoundOutcome.Completed, 0), (round.Outcome, round.Samples));
        Assert.All(round.Verdicts, verdict => Assert.Equal(Verdict.NotSelected, verdict.Verdict));
        var deviation = 0.5 * 2 / (1e-9 * Clients);
        Assert.InRange(round.Norm / Math.Sqrt(observer.End!.Model.Values.Length), 0.8 * deviation, 1.2 * deviation); // Seven deviations of 602 values.
        Assert.NotNull(round.Epsilon);
    }

    private static Task<RecordingObserver> RunAsync(PrivacySpec privacy, SelectorSpec selector, int count, SoftmaxEngine? engine = null)
    {
        var plan = TestJobs.Flat(Clients, new() { Count = count, Deadline = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(30) }, Training);
        var graph = plan.Job.Graph with { Channels = [.. plan.Job.Graph.Channels.Select(channel => channel with { Selector = selector })] };
        return new InMemoryJob(new(plan.Job with { Privacy = privacy, Graph = graph }, plan.Workers)) { Engine = engine ?? new(), Load = spec => Wide(spec.Id) }.RunAsync(TestContext.Current.CancellationToken);
    }

    // Many values, so that the spread of their noise is known well.
    private static Dataset Wide(DatasetId id) => new(id.Value, [300], 2, Enumerable.Range(0, 4 * 300).Select(i => (i % 7) - 3f).ToArray(), new[] { 0, 1, 0, 1 });
}
