using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class StandardizeTests : TemporaryFiles
{
    [Fact]
    public void Local_uses_the_population_deviation_of_its_own_rows()
    {
        // Rows 1 and 3 of the part: mean 2, deviation 1 (ddof 0); the constant column's deviation counts as 1.
        var data = Load(Csv("a,b,label\n1,5,0\n100,7,0\n3,5,0\n"), new PartSpec { Kind = "modulo", Parts = 2 }, new StandardizeSpec { Kind = "local" });

        Assert.Equal([-1, 0, 1, 0], data.Features.ToArray());
    }

    [Fact]
    public void Missing_values_are_no_part_of_the_statistics_and_become_the_mean()
    {
        var data = Load(Csv("a,b,label\n1,1,0\n,2,0\n3,,0\n"), standardize: new StandardizeSpec { Kind = "local" });

        Assert.Equal([-1, -1, 0, 1, 1, 0], data.Features.ToArray());
    }

    [Fact]
    public void Pooled_uses_all_rows_of_all_sources_after_scaling()
    {
        var first = Csv("a,label\n1,0\n3,0\n") with { Scale = 2 };
        var second = Csv("a,label\n5,0\n7,0\n", "second.csv") with { Scale = 2 };

        var data = Load(first, standardize: new StandardizeSpec { Kind = "pooled", Pool = [first, second] });

        // 2 6 10 14: mean 8, deviation √20.
        Assert.Equal([(float)(-6 / Math.Sqrt(20)), (float)(-2 / Math.Sqrt(20))], data.Features.ToArray());
    }

    [Fact]
    public void A_column_that_names_the_device_is_no_feature_of_the_pool_either()
    {
        var source = Csv("user,a,label\n1,1,0\n2,3,0\n");

        var data = Load(source, new PartSpec { Kind = "column", Column = "user", Value = "2" }, new StandardizeSpec { Kind = "pooled", Pool = [source] });

        Assert.Equal([1], data.Features.ToArray());
    }

    [Fact]
    public void Given_statistics_are_used_as_they_are()
    {
        var data = Load(Csv("a,b,label\n1,5,0\n"), standardize: new StandardizeSpec { Kind = "given", Mean = [3, 1], Deviation = [4, 0] });

        Assert.Equal([-0.5f, 4], data.Features.ToArray());
    }

    [Fact]
    public void A_large_mean_costs_no_digits()
    {
        var data = Load(Csv("a,label\n1000000001,0\n1000000003,0\n"), standardize: new StandardizeSpec { Kind = "local" });

        Assert.Equal([-1, 1], data.Features.ToArray());
    }

    [Fact]
    public void Settings_that_cannot_be_are_refused()
    {
        var source = Csv("a,label\n1,0\n1e308,1\n1e308,1\n");

        Assert.Contains("1 features, but 2 means", Refused(source, standardize: new StandardizeSpec { Kind = "given", Mean = [1, 2], Deviation = [1] }), StringComparison.Ordinal);
        Assert.Contains("no deviation below 0", Refused(source, standardize: new StandardizeSpec { Kind = "given", Mean = [1], Deviation = [-1] }), StringComparison.Ordinal);
        Assert.Contains("the pool names no source", Refused(source, standardize: new StandardizeSpec { Kind = "pooled" }), StringComparison.Ordinal);
        Assert.Contains("did you mean 'pooled'?", Refused(source, standardize: new StandardizeSpec { Kind = "poold" }), StringComparison.Ordinal);
        Assert.Contains("too large to be averaged", Refused(source, standardize: new StandardizeSpec { Kind = "local" }), StringComparison.Ordinal);
        Assert.Contains("the pool has 2", Refused(source, standardize: new StandardizeSpec { Kind = "pooled", Pool = [Csv("a,b,label\n1,2,0\n", "wide.csv")] }), StringComparison.Ordinal);
    }

    private SourceSpec Csv(string text, string name = "data.csv") => new() { Format = "csv", Paths = [Write(name, text)], Label = "label" };
}
