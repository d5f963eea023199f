using ScottPlot;

namespace FlameEdge.Cli.Plots;

/// <summary>Draws what a job learned round by round as a PNG file: 960 x 600 pixels, one line per series.</summary>
public static class LearningCurvePlot
{
    /// <summary>Width of the picture in pixels.</summary>
    public const int Width = 960;

    /// <summary>Height of the picture in pixels.</summary>
    public const int Height = 600;

    private static readonly Color Ink = Color.FromHex("#333333");

    /// <summary>Writes the picture; a file that is there is replaced.</summary>
    /// <param name="path">The PNG file; its folder must exist.</param>
    /// <param name="title">Above the picture.</param>
    /// <param name="yLabel">What the lines show, for example <c>test accuracy</c>.</param>
    /// <param name="series">Name, rounds and values of each line, of equal length; values that are not finite leave a gap.</param>
    /// <param name="xLabel">The other axis, with ticks at whole numbers.</param>
    /// <exception cref="ArgumentException">A series has not as many rounds as values.</exception>
    public static void Write(
        string path, string title, string yLabel, IReadOnlyList<(string Name, IReadOnlyList<double> Xs, IReadOnlyList<double> Ys)> series, string xLabel = "round")
    {
        PlotFont.Ensure();
        using var plot = new Plot();
        foreach (var (index, (name, xs, ys)) in series.Index())
        {
            AddLine(plot, index, name, xs, ys);
        }

        Label(plot, title, xLabel, yLabel);
        Scale(plot, series);
        ShowLegend(plot, isShown: series.Count > 1);

        File.WriteAllBytes(path, plot.GetImageBytes(Width, Height, ImageFormat.Png));
    }

    private static void AddLine(Plot plot, int index, string name, IReadOnlyList<double> xs, IReadOnlyList<double> ys)
    {
        if (xs.Count != ys.Count)
        {
            throw new ArgumentException($"series '{name}' has {xs.Count} rounds but {ys.Count} values", nameof(xs));
        }

        var line = plot.Add.Scatter(xs.ToArray(), Array.ConvertAll(ys.ToArray(), y => double.IsFinite(y) ? y : double.NaN));
        line.LegendText = name;
        line.Color = Palette.Default.GetColor(index);
        line.LineWidth = 2.5f;

        // Points only where they can be told apart.
        line.MarkerSize = xs.Count <= 40 ? 6 : 0;
    }

    private static void Label(Plot plot, string title, string xLabel, string yLabel)
    {
        plot.Title(title);
        plot.XLabel(xLabel);
        plot.YLabel(yLabel);
        plot.Axes.Title.Label.FontSize = 20;
        foreach (var axis in new IAxis[] { plot.Axes.Bottom, plot.Axes.Left })
        {
            axis.Label.FontSize = 16;
            axis.Label.Bold = false;
            axis.TickLabelStyle.FontSize = 14;
        }

        plot.Axes.Left.MinimumSize = 76;
        plot.Axes.Bottom.MinorTickStyle.Length = 0;
        plot.Axes.Left.MinorTickStyle.Length = 0;
        plot.Axes.Color(Ink);
        plot.Font.Set(PlotFont.Name);
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(.08);
    }

    private static void Scale(Plot plot, IReadOnlyList<(string Name, IReadOnlyList<double> Xs, IReadOnlyList<double> Ys)> series)
    {
        // A round is a whole thing: half rounds are no ticks.
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        var rounds = series.SelectMany(line => line.Xs).Where(double.IsFinite).ToList();
        if (rounds.Count > 0 && rounds.Min() == rounds.Max())
        {
            plot.Axes.SetLimitsX(rounds[0] - 1, rounds[0] + 1);
        }
    }

    private static void ShowLegend(Plot plot, bool isShown)
    {
        if (!isShown)
        {
            plot.HideLegend();
            return;
        }

        plot.ShowLegend(Edge.Right);
        plot.Legend.FontName = PlotFont.Name;
        plot.Legend.FontSize = 14;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
    }
}
