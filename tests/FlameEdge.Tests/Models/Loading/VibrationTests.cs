using System.IO.Hashing;
using System.Runtime.InteropServices;
using FlameEdge.Models;
using FlameEdge.Models.Loading;
using FlameEdge.Models.Loading.Vibration;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class VibrationTests : TemporaryFiles
{
    [Fact]
    public void The_same_settings_give_the_same_bytes_on_every_platform()
    {
        var data = Load(Source(("windows", 20), ("site", 3)));

        Assert.Equal(data.Features.ToArray(), Load(Source(("windows", 20), ("site", 3))).Features.ToArray());
        Assert.Equal(GoldenHash, XxHash64.HashToUInt64(MemoryMarshal.AsBytes(data.Features.Span)));
        Assert.NotEqual(data.Features.ToArray(), Load(Source(("windows", 20), ("site", 3), ("seed", 2))).Features.ToArray());
    }

    // Ours, from linux-x64; additions, products, quotients and roots are IEEE's, so every platform must reproduce it.
    private const ulong GoldenHash = 5257050432075888646;

    [Fact]
    public void The_pool_is_its_sites_one_after_the_other()
    {
        var pool = Load(Source(("site", -1), ("sites", 3), ("windows", 30)));

        var sites = Enumerable.Range(0, 3).Select(site => Load(Source(("site", site), ("sites", 5), ("windows", 30)))).ToList();

        Assert.Equal(sites.SelectMany(site => site.Features.ToArray()), pool.Features.ToArray());
        Assert.Equal(sites.SelectMany(site => site.Labels.ToArray()), pool.Labels.ToArray());
    }

    [Fact]
    public void Held_out_windows_are_others_and_show_every_class_equally_often()
    {
        var (own, heldOut) = (Load(Source(("windows", 40))), Load(Source(("windows", 40), ("test", 1))));

        Assert.Equal([10, 10, 10, 10], ReferenceSpecs.ClassCounts(heldOut));
        Assert.Empty(own.Features.ToArray().Intersect(heldOut.Features.ToArray()));
    }

    [Fact]
    public void Skew_decides_what_a_site_has_seen()
    {
        Assert.Equal(2, ReferenceSpecs.ClassCounts(Load(Source(("skew", 1), ("site", 1)))).Count(count => count > 0));
        Assert.All(ReferenceSpecs.ClassCounts(Load(Source(("skew", 0), ("windows", 400)))), count => Assert.InRange(count, 60, 140));
    }

    [Fact]
    public void Faults_show_where_a_mechanic_would_look()
    {
        var data = Load(Source(("site", -1), ("test", 1), ("variation", 0), ("windows", 40), ("sites", 2), ("severity", 2)));

        double[] firstOrder = MeanByClass(data, "order 1"), halfOrder = MeanByClass(data, "order 0.5"), kurtosis = MeanByClass(data, "kurtosis"), strikes = MeanByClass(data, "envelope at bearing order");
        Assert.True(firstOrder[1] > 2 * firstOrder[0]);
        Assert.True(halfOrder[3] > 5 * halfOrder[0]);
        Assert.True(kurtosis[2] > kurtosis.Where((_, index) => index != 2).Max());
        Assert.True(strikes[2] > 5 * strikes[0]);
    }

    [Fact]
    public void A_tone_is_measured_as_what_it_is()
    {
        // An amplitude of 3 at 100 Hz, 20 whole periods in the window: rms 3/√2, crest √2, kurtosis 1.5, energy 9/4 at its line (power is counted on one side).
        double[] samples = [.. Enumerable.Range(0, VibrationSignal.Length).Select(i => 0.5 + (3 * Math.Sin(2 * Math.PI * 100 * i / VibrationSignal.RateHz)))];

        var features = VibrationFeatures.Of(samples, speedHz: 100, bearingOrder: 3);

        double Feature(string name) => features[VibrationFeatures.Names.ToList().IndexOf(name)];
        Assert.Equal(0.5, Feature("mean"), 1e-9);
        Assert.Equal(3 / Math.Sqrt(2), Feature("rms"), 1e-9);
        Assert.Equal(Math.Sqrt(2), Feature("crest factor"), 2e-3); // The peak falls between samples.
        Assert.Equal(1.5, Feature("kurtosis"), 1e-9);
        Assert.Equal(3, Feature("order 1"), 1e-9);
        Assert.Equal(0, Feature("order 2"), 1e-9);
        Assert.Equal(Math.Log10(9.0 / 4), Feature("energy 10-160 Hz"), 1e-9);
    }

    [Fact]
    public void Drift_makes_late_windows_louder()
    {
        var data = Load(Source(("windows", 200), ("drift", 3), ("skew", 0)));

        var rms = Column(data, "rms");
        Assert.True(rms[150..].Average() > 2 * rms[..50].Average()); // Gain alone has grown 3.6 / 1.4 times.
    }

    [Fact]
    public void A_federated_model_knows_faults_that_a_single_site_has_hardly_seen()
    {
        var loader = new DatasetLoader();
        var pooled = new StandardizeSpec { Kind = "pooled", Pool = [Source(("site", -1))] };
        var sites = Enumerable.Range(0, 10).Select(site => loader.Load(ReferenceSpecs.Dataset(Source(("site", site)), standardize: pooled))).ToList();
        var test = loader.Load(ReferenceSpecs.Dataset(Source(("site", -1), ("test", 1), ("windows", 100)), standardize: pooled));

        var federated = SoftmaxReference.Curve(sites, test, 0.3, 5, 20).Last().Accuracy;
        var alone = sites.Average(site => SoftmaxReference.Curve([site], test, 0.3, 5, 20).Last().Accuracy);

        // Measured 0.81 here, and after 40 rounds 0.83 against 0.72; the margins leave room for another tuning, not for another meaning.
        Assert.InRange(federated, 0.75, 0.9);
        Assert.True(federated > alone + 0.07, $"federated {federated}, alone {alone}");
    }

    [Theory]
    [InlineData("widows", 1, "no setting 'widows'; did you mean 'windows'?")]
    [InlineData("windows", 0, "'windows' of 0 cannot be; it is a whole number in 1..1000000, 200 where nothing is said")]
    [InlineData("windows", 1.5, "'windows' of 1.5")]
    [InlineData("site", 10, "no site 10: there are 10 sites")]
    [InlineData("skew", double.NaN, "'skew' of NaN")]
    [InlineData("seed", -1, "'seed' of -1")]
    public void Settings_that_cannot_be_are_refused(string name, double value, string expected) =>
        Assert.Contains(expected, Refused(Source((name, value))), StringComparison.Ordinal);

    [Fact]
    public void Too_many_windows_are_refused_before_they_are_made() =>
        Assert.Contains("at most 1000000 windows", Refused(Source(("site", -1), ("sites", 100), ("windows", 100_000))), StringComparison.Ordinal);

    private static SourceSpec Source(params (string Name, double Value)[] settings) =>
        new() { Format = "vibration", Generator = settings.ToDictionary(setting => setting.Name, setting => setting.Value) };

    private static double[] Column(Dataset data, string name)
    {
        var feature = VibrationFeatures.Names.ToList().IndexOf(name);
        return [.. Enumerable.Range(0, data.Count).Select(row => (double)data.Features.Span[(row * data.FeatureCount) + feature])];
    }

    private static double[] MeanByClass(Dataset data, string name) =>
        [.. Column(data, name).Zip(data.Labels.ToArray()).GroupBy(pair => pair.Second).OrderBy(group => group.Key).Select(group => group.Average(pair => pair.First))];
}
