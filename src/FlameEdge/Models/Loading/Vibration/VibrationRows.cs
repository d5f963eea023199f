using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Models.Loading.Vibration;

/// <summary>The selected windows of the generator.</summary>
internal sealed class VibrationRows : RowTable
{
    private readonly VibrationSample[] _samples;
    private readonly double _scale;

    private VibrationRows(VibrationSample[] samples, double scale)
    {
        _samples = samples;
        _scale = scale;
    }

    /// <summary>Generates the windows, or takes them from where they have been made already, and selects among them.</summary>
    public static VibrationRows Open(SourceSpec source, Func<VibrationSettings, int, VibrationSample[]> generateSite)
    {
        if (source.Paths.Count > 0 || source.LabelsPath is not null)
        {
            throw new DatasetException("a vibration source is generated; remove its paths");
        }

        RowSelection.RequireNoColumns(source);
        var classCount = Enum.GetValues<VibrationClass>().Length;
        if (source.Classes is { } stated && stated != classCount)
        {
            throw new DatasetException($"a vibration source has {classCount} classes, not {stated}");
        }

        var settings = VibrationSettings.Of(source.Generator);
        var name = settings.Site < 0 ? "vibration of all sites" : $"vibration of site {settings.Site}";
        var sites = settings.Site < 0 ? Enumerable.Range(0, settings.Sites) : [settings.Site];
        VibrationSample[] samples = [.. sites.SelectMany(site => generateSite(settings, site))];
        VibrationSample[] selected = [.. RowSelection.Indices(name, samples.Length, source.Rows).Select(index => samples[index])];
        return new VibrationRows(selected, source.Scale)
        {
            Name = name,
            SampleShape = [VibrationFeatures.Count],
            ClassCount = classCount,
            Labels = Array.ConvertAll(selected, sample => (int)sample.Label),
        };
    }

    /// <inheritdoc/>
    public override void Read(int row, Span<double> features)
    {
        _samples[row].Features.CopyTo(features);
        foreach (ref var feature in features)
        {
            feature *= _scale;
        }
    }

    /// <inheritdoc/>
    public override string FeatureName(int feature) => $"feature '{VibrationFeatures.Names[feature]}'";
}
