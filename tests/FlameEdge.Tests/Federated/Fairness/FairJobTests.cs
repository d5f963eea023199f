using FlameEdge.Federated.Fairness;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Testing;
using FlameEdge.Testing.Models;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Fairness;

/// <summary>Whole jobs of two clients, each with rows of one group only: neither could tell a bias by itself.</summary>
public class FairJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 4, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 12, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };
    private static readonly OptimizerSpec Fair = new() { Kind = OptimizerSpec.FedGft, Fairness = new() { Fair = FairnessSpec.Parity, Feature = "group", Gamma = 6 } };

    [Fact]
    public async Task The_global_model_is_as_much_less_biased_as_a_simulation_written_apart_says()
    {
        var plain = await Job(TestJobs.Flat(2, Rounds, Training), new()).RunAsync(TestContext.Current.CancellationToken);
        var fair = await Job(TestJobs.Flat(2, Rounds, Training), Fair).RunAsync(TestContext.Current.CancellationToken);

        var (before, after) = (BiasOf(plain), BiasOf(fair));
        // Of the same rows, in another language and in float64.
        Assert.Equal(0.4417, before, 5e-4);
        Assert.Equal(0.1037, after, 5e-4);
    }

    [Fact]
    public async Task Without_strength_it_is_the_plain_mean()
    {
        var plain = await Job(TestJobs.Flat(2, Rounds, Training), new()).RunAsync(TestContext.Current.CancellationToken);
        var none = await Job(TestJobs.Flat(2, Rounds, Training), Fair with { Fairness = Fair.Fairness! with { Gamma = 0 } }).RunAsync(TestContext.Current.CancellationToken);

        Assert.All(plain.End!.Model.Values.ToArray().Zip(none.End!.Model.Values.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    [Fact]
    public async Task A_job_that_was_stopped_goes_on_with_the_same_bits()
    {
        var state = new MemoryStateStore();
        var whole = await Job(TestJobs.Flat(2, Rounds, Training), Fair).RunAsync(TestContext.Current.CancellationToken);
        await Job(TestJobs.Flat(2, Rounds with { Count = 5 }, Training), Fair, state).RunAsync(TestContext.Current.CancellationToken);
        var rest = await Job(TestJobs.Flat(2, Rounds, Training), Fair, state).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(whole.End!.Model.ContentHash(), rest.End!.Model.ContentHash());
    }

    [Fact]
    public async Task In_a_tree_the_bias_is_still_that_of_all_clients()
    {
        var flat = await Job(TestJobs.Flat(2, Rounds, Training), Fair).RunAsync(TestContext.Current.CancellationToken);
        var tree = await Job(TestJobs.Tree(2, 2, Rounds, Training), Fair).RunAsync(TestContext.Current.CancellationToken);

        Assert.All(flat.End!.Model.Values.ToArray().Zip(tree.End!.Model.Values.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public async Task Masked_terms_make_the_same_sum()
    {
        var plan = TestJobs.Flat(2, Rounds with { Count = 4 }, Training);
        var open = await Job(plan, Fair).RunAsync(TestContext.Current.CancellationToken);
        var masked = await Job(new(plan.Job with { SecureAggregation = new() }, plan.Workers), Fair).RunAsync(TestContext.Current.CancellationToken);

        Assert.All(open.End!.Model.Values.ToArray().Zip(masked.End!.Model.Values.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    private static double BiasOf(RecordingObserver observer)
    {
        var values = observer.End!.Model.Values;
        var (scores, positive, group) = (new List<double>(), new List<bool>(), new List<bool>());
        foreach (var id in new[] { TestJobs.Data(0), TestJobs.Data(1) })
        {
            var rows = Rows(id);
            for (var row = 0; row < rows.Count; row++)
            {
                var (x, y) = (rows.Features.Span[2 * row], rows.Features.Span[(2 * row) + 1]);
                scores.Add(1 / (1 + Math.Exp((x * (values[0] - values[1])) + (y * (values[2] - values[3])) + values[4] - values[5])));
                positive.Add(rows.Labels.Span[row] == 1);
                group.Add(x > 0.5f);
            }
        }

        return FairnessTerms.Of(FairnessSpec.Parity, [.. scores], [.. positive], [.. group]).Bias;
    }

    // The group is the first feature. In one group three of four are positive, in the other one of four; the second feature tells them apart as well as it can.
    private static Dataset Rows(DatasetId id)
    {
        var rows = TestJobs.Rows(id);
        var isGroup = id == TestJobs.Data(0) || id == TestJobs.Test;
        int[] labels = [.. Enumerable.Range(0, rows.Count).Select(row => row % 4 == 0 == isGroup ? 0 : 1)];
        float[] features = [.. Enumerable.Range(0, rows.Count).SelectMany(row => new[] { isGroup ? 1 : 0, rows.Features.Span[(2 * row) + 1] + (labels[row] == 1 ? 0.5f : -0.5f) })];
        return new(rows.Name, [2], 2, features, labels);
    }

    private static InMemoryJob Job(JobPlan plan, OptimizerSpec optimizer, MemoryStateStore? state = null)
    {
        SourceSpec source = new() { Format = "csv", Features = [new() { Column = "group" }, new() { Column = "x" }] };
        var job = plan.Job with { Optimizer = optimizer, Datasets = plan.Job.Datasets.ToDictionary(pair => pair.Key, pair => pair.Value with { Source = source }) };
        return new(new(job, plan.Workers)) { Engine = new SteppingEngine(), State = state ?? new(), Load = spec => Rows(spec.Id) };
    }
}
