using System.Text.Json;
using FlameEdge.Federated.Aggregation.Robust;
using static FlameEdge.Tests.Federated.Aggregation.GoldenAlgorithms;

namespace FlameEdge.Tests.Federated.Aggregation.Robust;

[Trait("Category", "Golden")]
public class RobustGoldenTests
{
    public static TheoryData<string, int> RobustCases => Cases("robust");

    [Theory]
    [MemberData(nameof(RobustCases))]
    public void Coordinate_rules_agree(string name, int index)
    {
        var item = Case(name, index);
        AssertRule(item.Doubles("mean"), new TrimmedMean(0), item);
        AssertRule(item.Doubles("coordinate_median"), new CoordinateMedian(), item);
        Assert.All(item.GetProperty("trimmed_mean").EnumerateArray(), trimmed =>
            AssertRule(trimmed.Doubles("result"), new TrimmedMean(trimmed.Whole("trim_from_each_side")), item));
    }

    [Theory]
    [MemberData(nameof(RobustCases))]
    public void Krum_and_its_kin_pick_the_same_updates(string name, int index)
    {
        var item = Case(name, index);
        var (rows, attackers, krum) = (Rows(item), item.Whole("f"), item.GetProperty("krum"));
        Assert.Equal(krum.Wholes("order_by_score"), new MultiKrum(attackers, rows.Count).Select(rows));
        AssertRule(krum.Doubles("result"), new MultiKrum(attackers), item);
        AssertClose(krum.Doubles("scores"), [.. Scores(rows, attackers)], 1e-5);
        foreach (var multi in item.GetProperty("multi_krum").EnumerateArray())
        {
            var rule = new MultiKrum(attackers, multi.Whole("m"));
            Assert.Equal(multi.Wholes("selected").Order(), rule.Select(rows).Order());
            AssertRule(multi.Doubles("result"), rule, item);
        }
    }

    [Theory]
    [MemberData(nameof(RobustCases))]
    public void Bulyan_picks_and_averages_the_same(string name, int index)
    {
        var item = Case(name, index);
        if (!item.TryGetProperty("bulyan", out var expected))
        {
            Assert.True(item.Whole("f") == 1 || item.Whole("n") < (4 * item.Whole("f")) + 3, "the case leaves Bulyan out without its known reason");
            return;
        }

        var rule = new Bulyan(item.Whole("f"));
        if (expected.GetProperty("selected_in_order").ValueKind != JsonValueKind.Null)
        {
            Assert.Equal(expected.Wholes("selected_in_order"), rule.Select(Rows(item)));
        }

        AssertRule(expected.Doubles("result"), rule, item);
    }

    [Theory]
    [MemberData(nameof(RobustCases))]
    public void Clipped_means_agree(string name, int index)
    {
        var item = Case(name, index);
        foreach (var clipping in item.GetProperty("norm_clipping").EnumerateArray())
        {
            var limit = clipping.Number("clip");
            Assert.All(clipping.Doubles("norms").Zip(clipping.Doubles("factors")), pair => Assert.Equal(pair.Second, NormClipping.Factor(pair.First, limit), 1e-12));
            AssertRule(clipping.Doubles("mean"), new NormClipping(limit), item);
            AssertRule(clipping.Doubles("weighted_mean"), new NormClipping(limit, Counts(item)), item);
            Assert.All(item.Rows("updates").Zip(clipping.Doubles("norms")), pair =>
            {
                Assert.Equal(pair.Second, NormClipping.Clip(pair.First, limit), 1e-12 * Math.Max(1, pair.Second));
                Assert.True(Parameters(pair.First) <= limit * (1 + 1e-6));
            });
        }

        static double Parameters(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
    }

    [Theory]
    [MemberData(nameof(RobustCases))]
    public void Geometric_medians_agree(string name, int index)
    {
        var item = Case(name, index);
        foreach (var median in item.GetProperty("geometric_median").EnumerateArray())
        {
            var weights = median.GetProperty("weights").GetString() == "samples" ? Counts(item) : null;
            var steps = median.GetProperty("smoothed_weiszfeld");
            foreach (var after in new[] { 3, 5 })
            {
                AssertRule(steps.Doubles($"after_{after}"), new GeometricMedian(weights, steps.Number("nu"), after, tolerance: 0), item);
            }

            // The stopping rule decides the last digits; the minimiser is given to 1e-4 for float32.
            AssertRule(median.Doubles("result"), new GeometricMedian(weights, steps.Number("nu"), steps: 5000, tolerance: 1e-9), item, 1e-4);
        }
    }

    private static void AssertRule(double[] expected, IRobustRule rule, JsonElement item, double tolerance = 1e-5)
    {
        var result = new float[expected.Length];
        rule.Aggregate(Rows(item), result);
        AssertClose(expected, result, tolerance);
    }

    private static float[] Scores(MemoryRows rows, int attackers) =>
        [.. new PairDistances(rows, rows.Length, 1).Scores([.. Enumerable.Range(0, rows.Count)], rows.Count - attackers - 2).Select(score => (float)score)];

    private static long[] Counts(JsonElement item) => [.. item.Wholes("sample_counts").Select(count => (long)count)];

    private static MemoryRows Rows(JsonElement item) => new([.. item.Rows("updates").Select(row => (ReadOnlyMemory<float>)row)]);
}
