using ScottPlot;
using SkiaSharp;

namespace FlameEdge.Cli.Plots;

/// <summary>The font that travels inside the program: a bare server has none, and text without a font is not drawn.</summary>
internal sealed class PlotFont : IFontResolver
{
    /// <summary>What plots call it.</summary>
    public const string Name = "FlameEdge Plot";

    private static readonly Lazy<bool> Registration = new(Register);

    private PlotFont()
    {
    }

    /// <summary>Makes the font known to the drawing library, once per process; its list of fonts is static.</summary>
    public static void Ensure() => _ = Registration.Value;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
    {
        if (fontName != Name)
        {
            return null;
        }

        using var font = typeof(PlotFont).Assembly.GetManifestResourceStream("FlameEdge.Cli.Plots.Fonts.DejaVuSans.ttf");
        return SKTypeface.FromStream(font);
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static bool Register()
    {
        Fonts.FontResolvers.Insert(0, new PlotFont());
        Fonts.Default = Name;
        return true;
    }
}
