using FlameEdge.Cli.Plots;
using SkiaSharp;

namespace FlameEdge.Cli.Tests.Plots;

public sealed class LearningCurvePlotTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"flameedge-plot-{Guid.NewGuid():N}.png");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_rising_line_rises_in_the_picture()
    {
        double[] rounds = [.. Enumerable.Range(1, 20)];

        LearningCurvePlot.Write(_path, "digits", "test accuracy", [("accuracy", rounds, [.. rounds.Select(round => round / 20)])]);

        using var picture = Decode();
        Assert.Equal((LearningCurvePlot.Width, LearningCurvePlot.Height), (picture.Width, picture.Height));
        var heights = ColouredHeights(picture);
        Assert.True(heights.Count > LearningCurvePlot.Width / 2, $"the line covers only {heights.Count} columns");
        int[] steps = [.. Enumerable.Range(1, 9).Select(tenth => heights[heights.Count * tenth / 10])];
        Assert.Equal(steps.OrderDescending(), steps); // Rows count from the top.
        Assert.True(steps[0] - steps[^1] > LearningCurvePlot.Height / 2, $"the line only rises from row {steps[0]} to {steps[^1]}");
    }

    [Fact]
    public void Text_is_drawn_without_any_installed_font()
    {
        LearningCurvePlot.Write(_path, "a long title in plain words", "y", [("line", [1, 2], [0, 1])]);
        using var titled = Decode();
        LearningCurvePlot.Write(_path, "a", "y", [("line", [1, 2], [0, 1])]);
        using var bare = Decode();

        // Boxes for missing glyphs would all look alike; letters differ in their ink.
        Assert.True(DarkPixels(titled, rows: 40) > 5 * DarkPixels(bare, rows: 40), "the title leaves no ink");
    }

    [Fact]
    public void Two_lines_have_a_legend_in_two_colours()
    {
        LearningCurvePlot.Write(_path, "t", "y", [("alone", [1, 2, 3], [0, 0.2, 0.3]), ("federated", [1, 2, 3], [0.1, 0.5, 0.9])]);

        using var picture = Decode();
        var hues = new HashSet<int>();
        for (var y = 0; y < picture.Height; y++)
        {
            // The strip at the right edge, where only the legend is.
            for (var x = picture.Width - 140; x < picture.Width; x++)
            {
                picture.GetPixel(x, y).ToHsv(out var hue, out var saturation, out _);
                _ = saturation > 50 && hues.Add((int)(hue / 20));
            }
        }

        Assert.True(hues.Count >= 2, $"{hues.Count} colours at the legend's place");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void Few_points_and_gaps_are_drawn_all_the_same(int count)
    {
        double[] rounds = [.. Enumerable.Range(1, count)];

        LearningCurvePlot.Write(_path, "t", "y", [("short", rounds, [.. rounds.Select(_ => 0.5)]), ("gap", [1, 2, 3], [0.1, double.NaN, double.PositiveInfinity])]);

        using var picture = Decode();
        Assert.Equal(LearningCurvePlot.Width, picture.Width);
    }

    [Fact]
    public void Rounds_and_values_must_be_as_many() =>
        Assert.Throws<ArgumentException>(() => LearningCurvePlot.Write(_path, "t", "y", [("odd", [1, 2], [1])]));

    private SKBitmap Decode() => SKBitmap.Decode(_path);

    // For each picture column that holds line colour, the mean row of it.
    private static List<int> ColouredHeights(SKBitmap picture)
    {
        List<int> heights = [];
        for (var x = 0; x < picture.Width; x++)
        {
            List<int> rows = [];
            for (var y = 0; y < picture.Height; y++)
            {
                picture.GetPixel(x, y).ToHsv(out _, out var saturation, out _);
                if (saturation > 50)
                {
                    rows.Add(y);
                }
            }

            if (rows.Count > 0)
            {
                heights.Add((int)rows.Average());
            }
        }

        return heights;
    }

    private static int DarkPixels(SKBitmap picture, int rows)
    {
        var dark = 0;
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                picture.GetPixel(x, y).ToHsv(out _, out _, out var value);
                dark += value < 60 ? 1 : 0;
            }
        }

        return dark;
    }
}
