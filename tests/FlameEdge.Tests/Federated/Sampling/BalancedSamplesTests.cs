using FlameEdge.Federated.Sampling;
using FlameEdge.Models;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated.Sampling;

/// <summary>The client's side of the sampler, on 40 rows and a model that has learned something.</summary>
public sealed class BalancedSamplesTests : IDisposable
{
    private const int Count = 40;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Epochs = 2, BatchSize = 4 };
    private readonly Dataset data = TestJobs.Rows(TestJobs.Data(0), Count);
    private readonly List<Dataset> trained = [];
    private readonly ITrainer trainer;

    public BalancedSamplesTests()
    {
        trainer = new SoftmaxEngine { OnRows = (rows, _) => trained.Add(rows) }.Open(new ModelSpec { Kind = "softmax" }, [2], 2, Training);
        trainer.Load([1, -1, 0.5f, -0.5f, 0.1f, -0.1f]);
    }

    [Fact]
    public void Before_its_speed_is_known_a_client_trains_on_all_it_has()
    {
        using var samples = Open();

        var result = samples.Train(trainer, 100, TimeSpan.FromMilliseconds(1), 1, CancellationToken.None);

        Assert.Equal(Count, result.Samples);
        Assert.Equal(Count, samples.Report!.SelectedCount);
        Assert.Equal(Losses(samples).Min(), samples.Report.Low);
        Assert.Equal(Losses(samples).Sum(loss => (double)loss), samples.Report.SelectedSum, 1e-4);

        // The 80th percentile of 40 lies a fifth of the way from the 32nd to the 33rd.
        float[] sorted = [.. Losses(samples).Order()];
        Assert.Equal(sorted[31] + (0.2 * (sorted[32] - sorted[31])), samples.Report.High, 1e-6);
    }

    [Theory]
    [InlineData(0, 20)]
    [InlineData(0.25, 10)]
    [InlineData(2, 4)]
    public void What_fits_the_deadline_is_trained_and_its_losses_alone_are_measured_anew(double onTheWay, int expected)
    {
        using var samples = Open();
        Learn(samples);
        samples.Tell(onTheWay);
        var before = Losses(samples).ToArray();
        trainer.Load([2, -2, 1, -1, 0, 0]);

        // 1 s took 40 rows twice, so half a second takes 20; whoever has no time left trains a batch of 4. No row reaches the threshold.
        var result = samples.Train(trainer, 100, Second / 2, 2, CancellationToken.None);

        Assert.Equal(expected, result.Samples);
        Assert.Equal(expected, Losses(samples).Zip(before).Count(pair => pair.First != pair.Second));
        Assert.Equal(expected, samples.Report!.SelectedCount);
    }

    [Fact]
    public void All_hard_rows_are_trained_even_where_fewer_fit()
    {
        using var samples = Open();
        Learn(samples);
        var threshold = Losses(samples).Order().ElementAt(15);

        var result = samples.Train(trainer, threshold, Second / 10, 2, CancellationToken.None);

        Assert.Equal(Count - 15, result.Samples);
        Assert.All(Enumerable.Range(0, trained[^1].Count), row => Assert.InRange(Scoring.Loss(Training, Scores(trained[^1], row), trained[^1].Labels.Span[row]), threshold - 1e-5, 100));
    }

    [Fact]
    public void Training_that_was_stopped_shows_that_it_takes_at_least_so_long()
    {
        using var samples = Open();
        Learn(samples);
        samples.Train(trainer, 100, Second / 2, 2, CancellationToken.None);
        samples.Took(2 * Second, isWhole: false);

        // 20 rows twice took over 2 s: half a second takes at most 5.
        Assert.Equal(5, samples.Train(trainer, 100, Second / 2, 3, CancellationToken.None).Samples);
    }

    [Fact]
    public void A_client_that_begins_anew_with_what_it_carried_chooses_the_same_rows()
    {
        using var samples = Open();
        using var again = Open();
        Learn(samples);
        foreach (var (from, to) in samples.State.Zip(again.State))
        {
            from.Values.CopyTo(to.Values);
        }

        // Ten hard rows, and ten drawn of the others; what is carried is rounded to float32, so the time is not cut close.
        var threshold = Losses(samples).Order().ElementAt(30);
        samples.Train(trainer, threshold, 0.51 * Second, 2, CancellationToken.None);
        again.Train(trainer, threshold, 0.51 * Second, 2, CancellationToken.None);

        Assert.Equal(20, trained[^1].Count);
        Assert.Equal(trained[^2].Features.ToArray(), trained[^1].Features.ToArray());
    }

    [Fact]
    public void Losses_that_are_not_finite_are_not_told()
    {
        using var samples = Open();
        trainer.Load([float.NaN, 0, 0, 0, 0, 0]);

        samples.Train(trainer, 0, null, 1, CancellationToken.None);

        Assert.Null(samples.Report);
    }

    public void Dispose() => trainer.Dispose();

    private static float[] Losses(BalancedSamples samples) => samples.State[0].Values.ToArray();

    private static float[] Scores(Dataset rows, int row)
    {
        var x = rows.Features.Span.Slice(row * 2, 2);
        return [(x[0] * 1) + (x[1] * 0.5f) + 0.1f, (x[0] * -1) + (x[1] * -0.5f) - 0.1f];
    }

    private BalancedSamples Open() => new(new SamplerSpec(), trainer, data, Training);

    // The first round: all rows twice, in a second.
    private void Learn(BalancedSamples samples)
    {
        samples.Train(trainer, 0, null, 1, CancellationToken.None);
        samples.Took(Second, isWhole: true);
        trainer.Load([1, -1, 0.5f, -0.5f, 0.1f, -0.1f]);
    }
}
