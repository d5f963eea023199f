using CsCheck;
using FlameEdge.Models.Loading;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class PartitionTests : TemporaryFiles
{
    private static readonly string[] CuttingKinds = ["iid", "blocks", "modulo", "shards", "dirichlet"];

    [Fact]
    public void Blocks_have_the_sizes_of_numpy_array_split()
    {
        // numpy.array_split(range(11), 4): [0 1 2] [3 4 5] [6 7 8] [9 10]
        int[][] expected = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10]];

        Assert.Equal(expected, Enumerable.Range(0, 4).Select(index => Cut(new int[11], new PartSpec { Kind = "blocks", Parts = 4, Index = index })));
    }

    [Fact]
    public void Modulo_deals_the_rows_in_turn() =>
        Assert.Equal([1, 4, 7], Cut(new int[9], new PartSpec { Kind = "modulo", Parts = 3, Index = 1 }));

    [Fact]
    public void Shards_are_cut_from_the_rows_in_stable_label_order()
    {
        // Sorted by label: 0 → rows 1 3 6, 1 → rows 0 4, 2 → rows 2 5; four shards of 2 2 2 1 rows: [1 3] [6 0] [4 2] [5].
        int[] labels = [1, 0, 2, 0, 1, 2, 0];

        Assert.Equal([1, 3, 4, 2], Cut(labels, new PartSpec { Kind = "shards", Parts = 2, Index = 0 }));
        Assert.Equal([6, 0, 5], Cut(labels, new PartSpec { Kind = "shards", Parts = 2, Index = 1 }));
    }

    [Fact]
    public void Iid_is_a_shuffle_that_the_seed_decides()
    {
        var part = new PartSpec { Kind = "iid", Parts = 2, Seed = 7 };

        var first = Cut(new int[100], part);

        Assert.Equal(first, Cut(new int[100], part));
        Assert.NotEqual(first, Cut(new int[100], part with { Seed = 8 }));
        Assert.NotEqual(first, first.Order());
    }

    [Fact]
    public void A_small_alpha_skews_the_labels_and_a_large_one_does_not()
    {
        int[] labels = [.. Enumerable.Range(0, 2000).Select(row => row % 4)];

        Assert.InRange(LargestShare(labels, 1000), 0.25, 0.32); // Shares of a class vary by 1/√1000 around a quarter.
        Assert.InRange(LargestShare(labels, 0.05), 0.6, 1);
    }

    [Fact]
    public void Every_row_is_in_exactly_one_part() =>
        Gen.Select(Gen.Int[0, 4].Select(kind => CuttingKinds[kind]), Gen.Int[0, 4].Array[1, 120], Gen.Int[1, 12], Gen.Int[1, 3], Gen.Double[0.001, 5], Gen.ULong)
            .Where(cut => cut.Item3 * cut.Item4 <= cut.Item2.Length)
            .Sample((kind, labels, parts, shards, alpha, seed) =>
            {
                var all = Enumerable.Range(0, parts)
                    .Select(index => Cut(labels, new PartSpec { Kind = kind, Parts = parts, Index = index, ShardsPerPart = shards, Alpha = alpha, Seed = seed }))
                    .ToList();

                Assert.All(all, Assert.NotEmpty);
                Assert.Equal(Enumerable.Range(0, labels.Length), all.SelectMany(rows => rows).Order());
            });

    [Fact]
    public void A_column_names_the_device()
    {
        var source = new SourceSpec { Format = "csv", Paths = [Write("c.csv", "user,a,label\n1,5,0\n01,6,1\n1,7,2\n")], Label = "label" };

        var part = Load(source, new PartSpec { Kind = "column", Column = "user", Value = "1" });

        Assert.Equal([5, 7], part.Features.ToArray());
        Assert.Equal(3, part.ClassCount);
        Assert.Contains("no selected row has '2' in column 'user'", Refused(source, new PartSpec { Kind = "column", Column = "user", Value = "2" }), StringComparison.Ordinal);
        Assert.Contains("did you mean 'user'?", Refused(source, new PartSpec { Kind = "column", Column = "usr", Value = "1" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_cannot_be_cut_are_refused()
    {
        var source = new SourceSpec { Format = "csv", Paths = [Write("p.csv", "a,label\n1,0\n2,1\n")], Label = "label" };

        Assert.Contains("part 2 is empty: 2 rows cannot be cut into 3 parts", Refused(source, new PartSpec { Kind = "blocks", Parts = 3, Index = 2 }), StringComparison.Ordinal);
        Assert.Contains("part 3 of 3 cannot be", Refused(source, new PartSpec { Kind = "iid", Parts = 3, Index = 3 }), StringComparison.Ordinal);
        Assert.Contains("2 parts of 2 shards cannot be cut from 2 rows", Refused(source, new PartSpec { Kind = "shards", Parts = 2 }), StringComparison.Ordinal);
        Assert.Contains("alpha 0", Refused(source, new PartSpec { Kind = "dirichlet", Parts = 2, Alpha = 0 }), StringComparison.Ordinal);
        Assert.Contains("did you mean 'dirichlet'?", Refused(source, new PartSpec { Kind = "dirichelet", Parts = 2 }), StringComparison.Ordinal);
    }

    private static double LargestShare(int[] labels, double alpha) => Enumerable.Range(0, 4).Average(index =>
    {
        var rows = Cut(labels, new PartSpec { Kind = "dirichlet", Parts = 4, Index = index, Alpha = alpha, Seed = 3 });
        return rows.GroupBy(row => labels[row]).Max(group => group.Count()) / (double)rows.Length;
    });

    private static int[] Cut(int[] labels, PartSpec part) => Partition.RowsOf(part, new LabelsOnly { Name = "labels", SampleShape = [1], ClassCount = labels.Max() + 1, Labels = labels });

    private sealed class LabelsOnly : RowTable
    {
        public override void Read(int row, Span<double> features) => features[0] = row;
    }
}
