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
        Assert.Equal(20, FedBalancerSampler.Trainable(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.1), 4));
        Assert.Equal(0, FedBalancerSampler.Trainable(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.1), 4));
    }

    [Fact]
    public void A_report_that_is_not_finite_is_refused() =>
        Assert.Throws<ArgumentException>(() => new FedBalancerControl(new FedBalancerSettings()).Complete([new FedBalancerReport(0, double.NaN, 1, 1)], TimeSpan.FromSeconds(1)));
}
