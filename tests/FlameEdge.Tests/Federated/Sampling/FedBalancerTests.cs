using FlameEdge.Federated.Sampling;
using FlameEdge.Models;

namespace FlameEdge.Tests.Federated.Sampling;

public class FedBalancerTests
{
    [Fact]
    public void Draws_differ_with_the_seed_and_every_sample_has_a_chance()
    {
        float[] losses = [.. Enumerable.Range(0, 20).Select(i => i / 10f)];
        var draws = Enumerable.Range(0, 200).Select(seed => FedBalancerSampler.Choose(losses, 1, 10, 0.5, new PortableRandom((ulong)seed))).ToList();

        Assert.Equal(Enumerable.Range(0, 20), draws.SelectMany(draw => draw).Distinct().Order());
        Assert.Equal(draws[3], FedBalancerSampler.Choose(losses, 1, 10, 0.5, new PortableRandom(3)));
    }

    [Fact]
    public void Hard_samples_fill_in_where_easy_ones_are_too_few() =>
        Assert.Equal(8, FedBalancerSampler.Choose([2, 2, 2, 2, 2, 2, 2, 2, 0], 1, 8, 0, new PortableRandom(1)).Length);

    [Fact]
    public void What_fits_the_deadline_worked_by_hand()
    {
        // 10 s less 2 s of transfer, at 0.1 s a sample and 4 epochs.
        Assert.Equal(20, FedBalancerSampler.Trainable(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), 0.1, 4));
        Assert.Equal(0, FedBalancerSampler.Trainable(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 0.1, 4));
    }

    [Fact]
    public void A_control_made_from_where_another_stood_goes_on_as_it_does()
    {
        var settings = new FedBalancerSettings { Window = 2, LossStep = 0.3, DeadlineStep = 0.2 };
        var whole = new FedBalancerControl(settings);
        var moved = new HashSet<double>();
        for (var round = 1; round <= 12; round++)
        {
            var resumed = new FedBalancerControl(settings, whole.State);
            var report = new FedBalancerReport(0.1 * round, 3, 10 + Math.Cos(round), 10);
            foreach (var control in new[] { whole, resumed })
            {
                control.Complete([report], TimeSpan.FromSeconds(1));
            }

            Assert.Equal((whole.LossThreshold, whole.LossRatio, whole.DeadlineRatio), (resumed.LossThreshold, resumed.LossRatio, resumed.DeadlineRatio));
            Assert.InRange(resumed.State.Benefits.Count, 1, 3);
            moved.Add(whole.LossRatio);
        }

        Assert.True(moved.Count > 2, "it never moved");
    }

    [Fact]
    public void A_report_that_is_not_finite_is_refused() =>
        Assert.Throws<ArgumentException>(() => new FedBalancerControl(new FedBalancerSettings()).Complete([new FedBalancerReport(0, double.NaN, 1, 1)], TimeSpan.FromSeconds(1)));
}
