using System.Globalization;
using FlameEdge.Cli.Plots;
using FlameEdge.Collaborative.Bench;
using ScottPlot;

namespace FlameEdge.Cli.Canoe;

/// <summary>The pictures of a Canoe report.</summary>
internal static class CanoePlots
{
    private static readonly string[] s_lanes = ["verdict", "packet", "request", "drift"];

    /// <summary>Mean accuracy over seeds after each batch with its 95 % interval, the change at 0.</summary>
    public static void Accuracy(string path, IReadOnlyList<StreamFigures> methods)
    {
        using var plot = PlotLook.Begin();
        Curve(plot, 0, "isolated", [.. methods[0].Seeds.Select(seed => (seed.Before, seed.Isolated))]);
        foreach (var (index, method) in methods.Index())
        {
            Curve(plot, index + 1, method.Method, [.. method.Seeds.Select(seed => (seed.Before, seed.Method))]);
        }

        var change = plot.Add.VerticalLine(0.5, 1.5f, Colors.Black.WithAlpha(.6), LinePattern.Dashed);
        change.Text = "change";
        PlotLook.Label(plot, $"{methods[0].Dataset}, {methods[0].Workload}: accuracy, mean of {methods[0].Seeds.Count} seeds and its 95 % interval", "batch after the change", "macro accuracy");
        PlotLook.ShowLegend(plot, isShown: true);
        PlotLook.Save(plot, path);
    }

    /// <summary>Bytes of each method as bars on a logarithmic scale.</summary>
    public static void Bytes(string path, string title, IReadOnlyList<(string Method, double Bytes)> methods)
    {
        using var plot = PlotLook.Begin();
        foreach (var (index, (_, bytes)) in methods.Index())
        {
            var height = Math.Log10(Math.Max(1, bytes));
            plot.Add.Bar(new Bar { Position = index, Value = height, FillColor = Palette.Default.GetColor(0) });
            var text = plot.Add.Text(Short(bytes), index, height);
            text.LabelAlignment = Alignment.LowerCenter;
            text.LabelFontSize = 14;
            text.LabelFontName = PlotFont.Name;
        }

        PlotLook.Label(plot, title, "", "bytes");
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. methods.Select((_, i) => (double)i)], [.. methods.Select(method => method.Method)]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = 35;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleLeft;
        plot.Axes.Bottom.MinimumSize = 170;
        plot.Axes.Right.MinimumSize = 90;
        var top = Math.Ceiling(methods.Max(method => Math.Log10(Math.Max(1, method.Bytes)))) + 1;
        double[] powers = [.. Enumerable.Range(0, (int)top + 1).Select(power => (double)power)];
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(powers, [.. powers.Select(power => Short(Math.Pow(10, power)))]);
        plot.Axes.SetLimits(-0.7, methods.Count - 0.3, 0, top);
        PlotLook.ShowLegend(plot, isShown: false);
        PlotLook.Save(plot, path);
    }

    /// <summary>What happened to one seed: drift, request, packet, verdict, batch by batch.</summary>
    public static void Timeline(string path, StreamFigures figures, SeedFigures seed)
    {
        using var plot = PlotLook.Begin();
        foreach (var (lane, kind) in s_lanes.Index())
        {
            var (last, stacked) = (double.NegativeInfinity, 0);
            foreach (var line in seed.Story.Where(line => line.Kind == kind))
            {
                plot.Add.Marker(line.Batch, lane, MarkerShape.FilledCircle, 11, Palette.Default.GetColor(lane));
                // Neighbours would write over each other: up to three stand one below the other, the rest are dots.
                stacked = line.Batch - last < 25 ? stacked + 1 : 0;
                last = stacked == 0 ? line.Batch : last;
                if (stacked > 2)
                {
                    continue;
                }

                var text = plot.Add.Text(line.Text, line.Batch + 0.3, lane + 0.34 - (0.16 * stacked));
                text.LabelFontSize = 12;
                text.LabelFontName = PlotFont.Name;
            }
        }

        PlotLook.Label(plot, $"{figures.Dataset}, {figures.Workload}, {figures.Method}: what happened, seed {seed.Seed}", "batch after the change", "");
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. s_lanes.Select((_, lane) => (double)lane)], s_lanes);
        plot.Axes.SetLimits(0, Math.Max(20, seed.Story.Count == 0 ? 0 : seed.Story.Where(line => line.Kind != "drift").Select(line => line.Batch).DefaultIfEmpty(0).Max() + 15), -0.6, s_lanes.Length - 0.4);
        PlotLook.ShowLegend(plot, isShown: false);
        PlotLook.Save(plot, path);
    }

    private static void Curve(Plot plot, int colour, string name, IReadOnlyList<(IReadOnlyList<double> Before, IReadOnlyList<double> After)> seeds)
    {
        var before = seeds.Min(seed => seed.Before.Count);
        var count = before + seeds.Min(seed => seed.After.Count);
        var (xs, means, lows, highs) = (new double[count], new double[count], new double[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            double[] values = [.. seeds.Select(seed => i < before ? seed.Before[seed.Before.Count - before + i] : seed.After[i - before])];
            var mean = values.Average();
            var error = values.Length < 2 ? 0 : 1.96 * Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1) / values.Length);
            (xs[i], means[i], lows[i], highs[i]) = (i - before + 1, mean, mean - error, mean + error);
        }

        var shade = plot.Add.FillY(xs, lows, highs);
        shade.FillColor = Palette.Default.GetColor(colour).WithAlpha(.15);
        shade.LineWidth = 0;
        var line = plot.Add.Scatter(xs, means);
        line.LegendText = name;
        line.Color = Palette.Default.GetColor(colour);
        line.LineWidth = 2.2f;
        line.MarkerSize = 0;
    }

    private static string Short(double bytes) => bytes switch
    {
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"),
    };
}
