using System.Text.Json;
using FlameEdge.Models;
using FlameEdge.Testing;
using FlameEdge.Topology;
using static FlameEdge.Tests.Models.Loading.ReferenceSpecs;

namespace FlameEdge.Tests.Models.Loading;

/// <summary>Counts, sizes and statistics of the real data sets against what their folder says of them.</summary>
[Trait("Category", "Golden")]
public class ReferenceDataTests
{
    [Fact]
    public void Digits_has_its_rows_classes_and_client_sizes()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var reference = Reference("digits");

        var all = Loader.Load(Dataset(Digits(new RowsSpec())));
        var shards = Parts(Loader, Digits(new RowsSpec { Count = 1437 }), "shards", 5);
        var modulo = Parts(Loader, Digits(new RowsSpec { Count = 1437 }), "modulo", 5);

        Assert.Equal([1797, 64], [all.Count, all.FeatureCount]);
        Assert.Equal(Integers(reference.GetProperty("class_counts")), ClassCounts(all));
        Assert.Equal(Integers(reference.GetProperty("noniid_2shards").GetProperty("client_sizes")), shards.Select(part => part.Count));
        Assert.Equal(Integers(reference.GetProperty("iid").GetProperty("client_sizes")), modulo.Select(part => part.Count));
        Assert.All(shards, part => Assert.Equal(10, part.ClassCount));
    }

    [Fact]
    public void Mnist_has_its_images_labels_and_mean_pixel()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var reference = Reference("mnist");

        var train = Loader.Load(Dataset(Mnist("train", new RowsSpec()) with { Scale = 1 }));
        var test = Loader.Load(Dataset(Mnist("t10k", new RowsSpec())));

        Assert.Equal([1, 28, 28], train.SampleShape);
        Assert.Equal(Integers(reference.GetProperty("class_counts").GetProperty("train")), ClassCounts(train));
        Assert.Equal(Integers(reference.GetProperty("class_counts").GetProperty("test")), ClassCounts(test));
        var sum = 0.0;
        foreach (var pixel in train.Features.Span)
        {
            sum += pixel;
        }

        Assert.Equal(reference.GetProperty("mean_pixel_train_0_255").GetDouble(), sum / train.Features.Length, 5e-7);
    }

    [Fact]
    public void Mnist_shards_hold_the_labels_the_reference_lists()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var expected = Reference("mnist").GetProperty("small").GetProperty("noniid_2shards").GetProperty("client_labels");

        var parts = Parts(Loader, Mnist("train", new RowsSpec { Count = 6000 }), "shards", 10);

        Assert.Equal(expected.EnumerateArray().Select(Integers), parts.Select(part => part.Labels.ToArray().Distinct().Order().ToArray()));
        Assert.All(parts, part => Assert.Equal(600, part.Count));
    }

    [Fact]
    public void Wisdm_has_its_users_and_classes()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var reference = Reference("wisdm-har");
        var source = Wisdm("train") with { Rows = new RowsSpec() };
        var local = new StandardizeSpec { Kind = "local" };

        var all = Loader.Load(Dataset(source, standardize: local));

        Assert.Equal(Integers(reference.GetProperty("class_counts")), ClassCounts(all));
        Assert.Equal([4513, 43, 6], [all.Count, all.FeatureCount, all.ClassCount]);
        foreach (var user in reference.GetProperty("rows_per_user").EnumerateObject())
        {
            var part = Loader.Load(Dataset(source, new PartSpec { Kind = "column", Column = "user", Value = user.Name }, local));
            Assert.Equal(user.Value.GetInt32(), part.Count);
            Assert.Equal(6, part.ClassCount);
        }
    }

    [Fact]
    public void Beijing_has_its_rows_classes_and_pooled_statistics()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var reference = Reference("beijing-air");

        var raw = Loader.Load(Dataset(Beijing(train: true, Stations)));
        var test = Loader.Load(Dataset(Beijing(train: false, Stations)));
        var pooled = new StandardizeSpec { Kind = "pooled", Pool = [Beijing(train: true, Stations)] };
        var standardized = Loader.Load(Dataset(Beijing(train: true, Stations), standardize: pooled));

        Assert.Equal(Integers(reference.GetProperty("class_counts_train")), ClassCounts(raw));
        Assert.Equal(Integers(reference.GetProperty("class_counts_test")), ClassCounts(test));
        foreach (var (feature, (mean, deviation)) in Doubles(reference.GetProperty("feature_mean")).Zip(Doubles(reference.GetProperty("feature_std"))).Index())
        {
            // The loader's own mean and deviation, solved from two rows: x = mean + deviation · z. Printed with six decimals; floats carry seven digits.
            var (actualMean, actualDeviation) = Recover(raw, standardized, feature);
            Assert.Equal(mean, actualMean, 1e-6 + (Math.Abs(mean) * 2e-6));
            Assert.Equal(deviation, actualDeviation, 1e-6 + (deviation * 2e-6));
        }
    }

    [Fact]
    public void Beijing_stations_have_the_complete_rows_the_reference_counts()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);

        var rows = Stations.ToDictionary(station => station, station =>
            Loader.Load(Dataset(Beijing(train: true, station))).Count + Loader.Load(Dataset(Beijing(train: false, station))).Count);

        Assert.Equal(Reference("beijing-air").GetProperty("complete_rows").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetInt32()), rows);
    }

    private static (double Mean, double Deviation) Recover(Dataset raw, Dataset standardized, int feature)
    {
        double Raw(int row) => raw.Features.Span[(row * raw.FeatureCount) + feature];
        double Standardized(int row) => standardized.Features.Span[(row * raw.FeatureCount) + feature];
        var low = Enumerable.Range(0, raw.Count).MinBy(Raw);
        var high = Enumerable.Range(0, raw.Count).MaxBy(Raw);
        var deviation = (Raw(high) - Raw(low)) / (Standardized(high) - Standardized(low));
        return (Raw(low) - (deviation * Standardized(low)), deviation);
    }

    private static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetDouble())];
}
