using ScottPlot;

namespace FlameEdge.Cli.Plots;

/// <summary>The look that all our pictures share.</summary>
internal static class PlotLook
{
    private static readonly Color Ink = Color.FromHex("#333333");

    /// <summary>A plot with our font.</summary>
    public static Plot Begin()
    {
        PlotFont.Ensure();
        return new Plot();
    }

    /// <summary>Title, axes and grid.</summary>
    public static void Label(Plot plot, string title, string xLabel, string yLabel)
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

    /// <summary>The legend beside the plot, or none.</summary>
    public static void ShowLegend(Plot plot, bool isShown)
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

    /// <summary>Writes a PNG of the usual size.</summary>
    public static void Save(Plot plot, string path) => File.WriteAllBytes(path, plot.GetImageBytes(LearningCurvePlot.Width, LearningCurvePlot.Height, ImageFormat.Png));
}
