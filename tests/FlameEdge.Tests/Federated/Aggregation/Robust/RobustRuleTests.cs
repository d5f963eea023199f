using FlameEdge.Federated.Aggregation.Robust;
using FlameEdge.Models;

namespace FlameEdge.Tests.Federated.Aggregation.Robust;

public class RobustRuleTests
{
    public static TheoryData<string> Names => ["median", "trimmed", "krum", "bulyan", "clipping", "geometric"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(33)]
    public void Columns_are_sorted_whatever_the_number_of_updates(int count)
    {
        var rows = new SeededRows(count, 1500, 7);
        var tile = new UpdateTile(rows, rows.Length, 1);
        while (tile.MoveNext())
        {
            var before = Columns(tile, count);
            tile.SortColumns(count);
            Assert.All(before.Zip(Columns(tile, count)), pair => Assert.Equal(pair.First.Order(), pair.Second));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_third_of_attackers_far_away_does_not_bend_the_result(string name)
    {
        // Eleven updates near 1 and, but for Bulyan which bears fewer, four a million away.
        var attackers = name == "bulyan" ? 3 : 4;
        var rows = new SeededRows(15, 2500, 3) { Hostile = attackers };
        var result = new float[rows.Length];

        Make(name, attackers).Aggregate(rows, result);

        Assert.All(result, value => Assert.InRange(value, name == "clipping" ? -2f : 0.8f, name == "clipping" ? 2f : 1.2f));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Values_are_read_in_tiles_never_as_whole_updates(string name)
    {
        var rows = new SeededRows(15, 5000, 3);

        Make(name, 3).Aggregate(rows, new float[rows.Length]);

        Assert.InRange(rows.LargestRead, 1, 1024);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_value_that_is_not_finite_is_refused(string name)
    {
        var rows = new SeededRows(15, 1500, 3) { Broken = float.NaN };

        Assert.Throws<ArgumentException>(() => Make(name, 3).Aggregate(rows, new float[rows.Length]));
        Assert.Throws<ArgumentException>(() => new MemoryRows([new float[] { 1, float.PositiveInfinity }]));
    }

    [Theory]
    [InlineData("trimmed", 6)]
    [InlineData("krum", 8)]
    [InlineData("bulyan", 14)]
    public void Too_few_updates_for_the_feared_attackers_are_refused(string name, int count)
    {
        var rule = Make(name, 3);
        Assert.Equal(count + 1, rule.MinimumCount);

        Assert.Throws<ArgumentException>(() => rule.Aggregate(new SeededRows(count, 10, 1), new float[10]));
        rule.Aggregate(new SeededRows(count + 1, 10, 1), new float[10]);
    }

    [Fact]
    public void Updates_as_large_as_float_allows_have_a_finite_median_and_mean()
    {
        var rows = new MemoryRows([.. Enumerable.Repeat<ReadOnlyMemory<float>>(new[] { float.MaxValue, float.MinValue }, 9)]);
        var result = new float[2];
        foreach (var name in Names.Where(name => name.Data != "bulyan"))
        {
            Make(name.Data, 3).Aggregate(rows, result);
            Assert.All(result, value => Assert.True(float.IsFinite(value)));
        }
    }

    private static IRobustRule Make(string name, int attackers) => name switch
    {
        "median" => new CoordinateMedian(),
        "trimmed" => new TrimmedMean(attackers),
        "krum" => new MultiKrum(attackers, 3),
        "bulyan" => new Bulyan(attackers),
        "clipping" => new NormClipping(100),
        _ => new GeometricMedian(),
    };

    private static List<double[]> Columns(UpdateTile tile, int count)
    {
        var columns = new List<double[]>();
        for (var column = 0; column < tile.Length; column++)
        {
            var values = new double[count];
            for (var row = 0; row < count; row++)
            {
                values[row] = tile[row][column];
            }

            columns.Add(values);
        }

        return columns;
    }

    /// <summary>Updates near 1 that are drawn when they are read, as if each lay in a file.</summary>
    private sealed class SeededRows(int count, int length, ulong seed) : IUpdateRows
    {
        public int Count => count;

        public int Length => length;

        public int Hostile { get; init; }

        public float Broken { get; init; } = 1;

        public int LargestRead { get; private set; }

        public void Read(int row, int offset, Span<float> values)
        {
            LargestRead = Math.Max(LargestRead, values.Length);
            for (var i = 0; i < values.Length; i++)
            {
                var place = offset + i;
                values[i] = row >= count - Hostile ? 1e6f + row : place == length - 1 && row == count - 1 && !float.IsFinite(Broken) ? Broken
                    : (float)(1 + new PortableRandom(seed, (ulong)row, (ulong)place).Uniform(-0.1, 0.1));
            }
        }
    }
}
