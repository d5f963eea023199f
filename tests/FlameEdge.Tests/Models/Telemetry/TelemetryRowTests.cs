using System.Text;
using FlameEdge.Models;
using FlameEdge.Models.Telemetry;

namespace FlameEdge.Tests.Models.Telemetry;

public sealed class TelemetryRowTests
{
    private static TelemetrySettings Json(params string[] fields) => new() { Fields = [.. fields], TimeField = "t", RateHz = 4, Window = new() { Samples = 4, Step = 2 } };

    private static TelemetrySettings Csv() => new() { Format = "csv", Columns = ["t", "note", "x"], Fields = ["x"], TimeField = "t" };

    private static TelemetrySamples? Read(TelemetrySettings settings, string payload) => new PayloadReader(settings).Read(Encoding.UTF8.GetBytes(payload));

    [Fact]
    public void Json_paths_hold_a_number_or_as_many_samples_as_each_other()
    {
        var samples = Read(Json("v.x", "v.y"), """{ "t": 1500, "v": { "x": [1, 2.5], "y": [-3, 4e1] }, "other": "text" }""");

        Assert.Equal(1.5, samples?.TimeSeconds);
        Assert.Equal([[1, 2.5], [-3, 40]], samples?.Fields);
        Assert.Equal([[7.0]], Read(Json("x"), """{"t":0,"x":7}""")?.Fields);
    }

    [Fact]
    public void Csv_has_a_line_per_sample_and_columns_nobody_reads_may_hold_text()
    {
        var samples = Read(Csv(), "250,ok,1.5\r\n500,\"well\", -2\n");

        Assert.Equal(0.25, samples?.TimeSeconds);
        Assert.Equal([[1.5, -2]], samples?.Fields);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("""{"t":1}""")]
    [InlineData("""{"x":1}""")]
    [InlineData("""{"t":"1","x":1}""")]
    [InlineData("""{"t":1,"x":"1"}""")]
    [InlineData("""{"t":1,"x":[]}""")]
    [InlineData("""{"t":1,"x":[1,null]}""")]
    [InlineData("""{"t":1,"x":1e400}""")]
    [InlineData("""{"t":1,"x":1e39}""")]
    [InlineData("""{"t":1,"x":NaN}""")]
    [InlineData("""{"t":1,"x":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}""")]
    public void Hostile_json_is_no_sample(string payload) => Assert.Null(Read(Json("x"), payload));

    [Theory]
    [InlineData("1,2")]
    [InlineData("1,2,3,4")]
    [InlineData("1,2,three")]
    [InlineData("1,2,NaN")]
    [InlineData("1,2,Infinity")]
    [InlineData("1,2,3\n\n1,2,3")]
    [InlineData(",,")]
    public void Hostile_csv_is_no_sample(string payload) => Assert.Null(Read(Csv(), payload));

    [Fact]
    public void Random_bytes_and_too_many_of_them_are_no_sample()
    {
        var random = new PortableRandom(7);
        foreach (var settings in new[] { Json("x"), Csv() })
        {
            var reader = new PayloadReader(settings);
            for (var round = 0; round < 2000; round++)
            {
                Assert.Null(reader.Read([.. Enumerable.Range(0, 1 + random.Below(40)).Select(_ => (byte)random.Below(256))]));
            }

            Assert.Null(reader.Read(new byte[PayloadReader.LargestBytes + 1]));
        }

        Assert.Null(Read(Json("x"), $$"""{"t":1,"x":[{{string.Join(',', Enumerable.Repeat(1, PayloadReader.MostSamples + 1))}}]}"""));
    }

    [Fact]
    public void Windows_overlap_by_their_step_and_a_gap_starts_afresh()
    {
        var buffer = new WindowBuffer(Json("x"), 1);

        Assert.Empty(buffer.Add(new(0, [[1, 2, 3]])));
        Assert.Equal([[[1, 2, 3, 4]], [[3, 4, 5, 6]]], buffer.Add(new(0.75, [[4, 5, 6]])));
        Assert.Empty(buffer.Add(new(9, [[7, 8]])));
        Assert.Equal(1, buffer.GapCount);
        Assert.Equal([[[7, 8, 9, 10]]], buffer.Add(new(9.5, [[9, 10]])));
    }

    [Fact]
    public void Features_are_those_of_the_textbook()
    {
        var settings = new TelemetrySettings { Fields = ["x"], Features = [.. WindowFeatures.Known], RateHz = 64, Bands = [0.5, 6, 10, 32], Window = new() { Samples = 64 } };
        double[] sine = [.. Enumerable.Range(0, 64).Select(i => 5 + (2 * Math.Sin(2 * Math.PI * 8 * i / 64)))];

        var row = WindowFeatures.Of(settings, [sine]);

        Assert.Equal(WindowFeatures.CountOf(settings), row.Length);
        Assert.Equal(WindowFeatures.NamesOf(settings).Count(), row.Length);
        double[] expected = [5, Math.Sqrt(2), 3, 7, Math.Sqrt(27), 4, 1.5];
        Assert.All(expected.Zip(row), pair => Assert.Equal(pair.First, pair.Second, 1e-4));

        // All of the sine's power, |X|²/n² = (amplitude / 2)², is in the band around 8 Hz.
        Assert.Equal(Math.Log10(1), row[8], 1e-4);
        Assert.True(row[7] < -6 && row[9] < -6);
    }

    [Fact]
    public void A_dead_sensor_makes_finite_features() =>
        Assert.All(WindowFeatures.Of(new() { Fields = ["x"], Features = [.. WindowFeatures.Known], RateHz = 8, Bands = [0, 4], Window = new() { Samples = 8 } }, [new double[8]]), value => Assert.True(float.IsFinite(value)));

    [Theory]
    [InlineData(200, 20)]
    [InlineData(2, 1)]
    public void A_reservoir_keeps_each_row_with_the_same_chance(int rows, int capacity)
    {
        const int Trials = 2000;
        var kept = new int[rows];
        for (var trial = 0UL; trial < Trials; trial++)
        {
            var reservoir = new TelemetryReservoir(new() { Capacity = capacity, Seed = trial }, 2);
            for (var row = 0; row < rows; row++)
            {
                reservoir.Offer(new([row], 0));
            }

            Assert.Equal(capacity, reservoir.Count);
            foreach (var row in reservoir.Rows)
            {
                kept[(int)row.Features[0]]++;
            }
        }

        // The count is binomial; six deviations are never by chance.
        var chance = (double)capacity / rows;
        var deviation = Math.Sqrt(Trials * chance * (1 - chance));
        Assert.All(kept, count => Assert.Equal(Trials * chance, count, 6 * deviation));
    }

    [Fact]
    public void A_balanced_reservoir_keeps_the_rare_class()
    {
        var reservoir = new TelemetryReservoir(new() { Capacity = 10, Balanced = true, Seed = 1 }, 2);
        for (var row = 0; row < 1000; row++)
        {
            reservoir.Offer(new([row], row % 200 == 0 ? 1 : 0));
        }

        Assert.Equal((5, 5), (reservoir.Rows.Count(row => row.Label == 0), reservoir.Rows.Count(row => row.Label == 1)));
    }
}
