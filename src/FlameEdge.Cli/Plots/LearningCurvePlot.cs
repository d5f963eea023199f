using ScottPlot;

namespace FlameEdge.Cli.Plots;

/// <summary>Draws what a job learned round by round as a PNG file: 960 x 600 pixels, one line per series.</summary>
public static class LearningCurvePlot
{
    /// <summary>Width of the picture in pixels.</summary>
    public const int Width = 960;

    /// <summary>Height of the picture in pixels.</summary>
    public const int Height = 600;

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
        using var plot = PlotLook.Begin();
        foreach (var (index, (name, xs, ys)) in series.Index())
        {
            AddLine(plot, index, name, xs, ys);
        }

        PlotLook.Label(plot, title, xLabel, yLabel);
        Scale(plot, series);
        PlotLook.ShowLegend(plot, isShown: series.Count > 1);
        PlotLook.Save(plot, path);
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
}
