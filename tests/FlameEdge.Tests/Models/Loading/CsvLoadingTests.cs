using System.Text;
using FlameEdge.Models;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Models.Loading;

public class CsvLoadingTests : TemporaryFiles
{
    [Fact]
    public void Every_numeric_column_but_the_label_is_a_feature()
    {
        var data = Load(Csv("a,name,b,label\n1,x,2.5,0\n-3,y,4e2,2\n"));

        Assert.Equal([1, 2.5f, -3, 400], data.Features.ToArray());
        Assert.Equal([0, 2], data.Labels.ToArray());
        Assert.Equal(3, data.ClassCount);
        Assert.Equal([2], data.SampleShape);
    }

    [Fact]
    public void Quotes_commas_line_ends_and_a_byte_order_mark_are_read_as_rfc_4180_says()
    {
        var data = Load(Csv("\uFEFF\"a\",\"the \"\"label\"\", quoted\"\r\n\"1\",\"x,\r\ny\"\r\n2,z") with { Label = "the \"label\", quoted" });

        Assert.Equal([1, 2], data.Features.ToArray());
        Assert.Equal([0, 1], data.Labels.ToArray());
    }

    [Fact]
    public void Class_names_are_numbered_in_ordinal_order_before_rows_are_selected()
    {
        var source = Csv("a,kind,label\n1,train,b\n2,test,a\n3,train,C\n");

        var train = Load(source with { Rows = new RowsSpec { Where = new Dictionary<string, string> { ["kind"] = "train" } } });

        Assert.Equal([2, 0], train.Labels.ToArray());
        Assert.Equal(3, train.ClassCount);
    }

    [Fact]
    public void Bands_are_upper_limits_inclusive()
    {
        var data = Load(Csv("a,label\n1,35\n1,35.1\n1,75\n1,1000\n1,-4\n") with { Bands = [35, 75] });

        Assert.Equal([0, 1, 1, 2, 0], data.Labels.ToArray());
        Assert.Equal([35, 35.1, 75, 1000, -4], data.Measured!.Values.ToArray()); // It has bands.
        Assert.Equal([35, 75], data.Measured.Limits);
        Assert.Null(Load(Csv("a,label\n1,1\n")).Measured);
    }

    [Fact]
    public void Cycles_and_compass_points_become_sine_and_cosine()
    {
        var data = Load(Csv("hour,wd,label\n6,E,0\n0,SSW,0\n") with
        {
            Features = [new FeatureSpec { Column = "hour", Kind = "cycle", Period = 24 }, new FeatureSpec { Column = "wd", Kind = "compass" }],
        });

        float[] expected = [1, 0, 1, 0, 0, 1, -0.38268343f, -0.9238795f];
        Assert.All(expected.Zip(data.Features.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-7f));
    }

    [Fact]
    public void Required_columns_drop_rows_and_scale_multiplies()
    {
        var text = "a,b,c,label\n1,1,,0\n2,,2,0\n3,3,3,1\n";

        Assert.Equal([1.5f, 1.5f, 1.5f], Load(Csv(text) with { Require = ["*"], Scale = 0.5 }).Features.ToArray());
        Assert.Equal([1, 3], Load(Csv(text) with { Require = ["b"], Features = [new FeatureSpec { Column = "a" }] }).Features.ToArray());
    }

    [Fact]
    public void Tuples_compare_like_dates_and_indices_count_among_what_passes()
    {
        var rows = string.Concat(Enumerable.Range(0, 24).Select(i => $"{2013 + (i / 12)},{1 + (i % 12)},{i},0\n"));
        var source = Csv($"year,month,x,label\n{rows}") with { Features = [new FeatureSpec { Column = "x" }] };
        var between = new RowsSpec { From = [new("year", 2013), new("month", 3)], Before = [new("year", 2014), new("month", 2)] };

        Assert.Equal(Enumerable.Range(2, 11).Select(x => (float)x), Load(source with { Rows = between }).Features.ToArray());
        Assert.Equal([3, 5, 7], Load(source with { Rows = between with { First = 1, Count = 6, Every = 2 } }).Features.ToArray());
    }

    [Fact]
    public void Several_files_are_read_one_after_the_other()
    {
        var source = Csv("a,label\n1,y\n2,x\n");
        var second = Write("second.csv.gz", Packed(Encoding.UTF8.GetBytes("label,a\nz,3\n")));

        var data = Load(source with { Paths = [.. source.Paths, second], Rows = new RowsSpec { First = 1 } });

        Assert.Equal([2, 3], data.Features.ToArray());
        Assert.Equal([0, 2], data.Labels.ToArray());
    }

    [Fact]
    public void A_changed_file_is_read_again()
    {
        var loader = new FlameEdge.Models.Loading.DatasetLoader();
        var before = loader.Load(ReferenceSpecs.Dataset(Csv("a,label\n1,0\n")));

        var after = loader.Load(ReferenceSpecs.Dataset(Csv("a,label\n1,0\n2,0\n")));

        Assert.Equal([1, 2], [before.Count, after.Count]);
    }

    [Theory]
    [InlineData("a,label\n1,0\n2\n", ":3: the line has 1 fields, the header has 2")]
    [InlineData("a,label\n1,0\n\"2,0\n", ":3: the quote that opens field 1 is never closed")]
    [InlineData("a,label\n1\"2,0\n", ":2: field 1 has a quote")]
    [InlineData("a,a,label\n1,2,0\n", "column 'a' stands twice")]
    [InlineData("", "the file is empty")]
    [InlineData("a,lable\n1,0\n", "no column 'label'; did you mean 'lable'?")]
    [InlineData("a,label\n1,\n2,1\n", ":2: the label column 'label' is empty")]
    [InlineData("a,label\n1,2.5\n", "holds 2.5, which is no class; give bands")]
    [InlineData("a,label\n1,-1\n", ":2: label -1 is outside")]
    [InlineData("a,label\n1,70000\n", "class 70000 cannot be")]
    [InlineData("a,label\n", "label column 'label' holds nothing")]
    [InlineData("a,label\nx,0\n", "no column holds numbers only")]
    [InlineData("a,label\n,0\n1,0\n", ":2: column 'a' is empty; name it under 'require'")]
    [InlineData("a,label\n1e300,0\n", ":2: column 'a' does not fit a float")]
    public void A_broken_file_is_refused_with_its_place_and_a_remedy(string text, string expected) =>
        Assert.Contains(expected, Refused(Csv(text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("12x")]
    [InlineData("NaN")]
    [InlineData("1e999")]
    [InlineData("1,5")]
    public void A_named_feature_must_be_a_finite_number(string field) =>
        Assert.Contains(":3: column 'a': ", Refused(Csv($"a,label\n1,0\n\"{field}\",0\n") with { Features = [new FeatureSpec { Column = "a" }] }), StringComparison.Ordinal);

    [Fact]
    public void Settings_that_cannot_be_are_refused()
    {
        var source = Csv("a,wd,label\n1,N,0\n2,Q,1\n");

        Assert.Contains("did you mean 'cycle'?", Refused(source with { Features = [new FeatureSpec { Column = "a", Kind = "cycel" }] }), StringComparison.Ordinal);
        Assert.Contains(":3: column 'wd': 'Q' is not one of the 16", Refused(source with { Features = [new FeatureSpec { Column = "wd", Kind = "compass" }] }), StringComparison.Ordinal);
        Assert.Contains("label 1 is outside 0..0", Refused(source with { Classes = 1 }), StringComparison.Ordinal);
        Assert.Contains("bands must ascend", Refused(source with { Bands = [2, 1] }), StringComparison.Ordinal);
        Assert.Contains("no rows are selected", Refused(source with { Rows = new RowsSpec { First = 2 } }), StringComparison.Ordinal);
        Assert.Contains("no rows are selected", Refused(source with { Rows = new RowsSpec { Where = new Dictionary<string, string> { ["wd"] = "S" } } }), StringComparison.Ordinal);
        Assert.Contains("every 0 cannot be", Refused(source with { Rows = new RowsSpec { Every = 0 } }), StringComparison.Ordinal);
        Assert.Contains("did you mean 'csv'?", Refused(source with { Format = "cvs" }), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refused(source with { Paths = [Missing("no.csv")] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Class_names_must_be_as_many_as_the_job_says() =>
        Assert.Contains("has 2 class names, but the job says 3", Refused(Csv("a,label\n1,x\n2,y\n") with { Classes = 3 }), StringComparison.Ordinal);

    [Fact]
    public void A_cut_gzip_file_is_refused()
    {
        var packed = Packed(Encoding.UTF8.GetBytes("a,label\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i * 7919 % 5003},{i % 3}\n"))));

        foreach (var length in new[] { 0, 5, packed.Length / 2, packed.Length - 9, packed.Length - 1 })
        {
            var source = Csv("a,label\n1,0\n") with { Paths = [Write("cut.csv.gz", packed[..length])] };
            var message = Refused(source);
            Assert.Contains("cut.csv.gz", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Text_that_is_not_utf8_and_endless_lines_are_refused()
    {
        Assert.Contains("is not UTF-8", Refused(Csv("") with { Paths = [Write("latin.csv", [0x61, 0x0A, 0xE9, 0xFF, 0x0A])], Label = "a" }), StringComparison.Ordinal);
        Assert.Contains("the line is longer than", Refused(Csv(new string('x', 5_000_000))), StringComparison.Ordinal);
    }

    private SourceSpec Csv(string text) => new() { Format = "csv", Paths = [Write("data.csv", text)], Label = "label" };
}
