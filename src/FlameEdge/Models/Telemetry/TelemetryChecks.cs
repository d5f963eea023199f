using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Models.Telemetry;

/// <summary>What the settings of a telemetry dataset may say.</summary>
internal static class TelemetryChecks
{
    private const int MaximumFields = 64;
    private const int MaximumSamples = 65_536;
    private const long MaximumReservoirBytes = 64L << 20;

    /// <summary>Everything that is wrong: the key below the item, and why.</summary>
    public static IEnumerable<(string Key, string Why)> Of(TelemetrySettings settings)
    {
        foreach (var (where, keys) in new[] { ("", settings.Unknown), ("window.", settings.Window.Unknown), ("label.", settings.Label.Unknown), ("reservoir.", settings.Reservoir.Unknown) })
        {
            foreach (var key in keys?.Keys ?? Enumerable.Empty<string>())
            {
                yield return ($"{where}{key}", "nobody knows this key");
            }
        }

        foreach (var (key, isSound, why) in General(settings).Concat(Windows(settings)).Concat(Labels(settings)).Concat(Bounds(settings)))
        {
            if (!isSound)
            {
                yield return (key, why);
            }
        }
    }

    private static IEnumerable<(string Key, bool IsSound, string Why)> General(TelemetrySettings settings)
    {
        yield return ("name", SafeName.IsSafe(settings.Name), $"it must be 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes");
        yield return ("filter", TopicFilter.Problem(settings.Filter) is null, TopicFilter.Problem(settings.Filter) ?? string.Empty);
        yield return ("format", settings.Format is "json" or "csv", "it must be json or csv");
        yield return ("fields", settings.Fields.Count is > 0 and <= MaximumFields && settings.Fields.TrueForAll(IsName) && settings.Fields.Distinct().Count() == settings.Fields.Count, $"name 1 to {MaximumFields} different fields");
        yield return ("columns", settings.Format == "csv" ? settings.Columns.Count is > 0 and <= MaximumFields : settings.Columns.Count == 0, "a csv names its columns in order, a json has none");
        yield return ("fields", settings.Format != "csv" || Read(settings).All(settings.Columns.Contains), "every field, time and rule of a csv is one of its columns");
        yield return ("timeUnitSeconds", settings.TimeUnitSeconds is > 0 and <= 86_400, "it must be above 0, such as 0.001 for milliseconds");
        yield return ("rateHz", settings.RateHz is null or (>= 0.0001 and <= 1e6), "it must be from 0.0001 to 1000000");
        yield return ("deviceLevel", settings.DeviceLevel is null || (settings.DeviceLevel >= 0 && settings.DeviceLevel < settings.Filter.Split('/').Length), "it counts the levels of the filter from 0");
        yield return ("maximumRate", settings.MaximumRate is > 0 and <= 10_000, "it must be above 0 and at most 10000 messages a second");
    }

    private static IEnumerable<(string Key, bool IsSound, string Why)> Windows(TelemetrySettings settings)
    {
        var window = settings.Window;
        yield return ("window", (window.Samples is null) != (window.Seconds is null), "give samples, or seconds");
        yield return ("window.seconds", window.Seconds is null || (window.Seconds > 0 && settings.RateHz is not null), "it must be above 0, and rateHz be given");
        if ((window.Samples is null) == (window.Seconds is null) || (window.Seconds is not null && settings.RateHz is null))
        {
            yield break;
        }

        var (samples, step) = WindowBuffer.LengthsOf(settings);
        yield return (window.Samples is null ? "window.seconds" : "window.samples", samples is >= 2 and <= MaximumSamples, $"a window has 2 to {MaximumSamples} samples");
        yield return ("window.step", step is >= 1 && step <= samples, "it must be at least one sample and at most the window");
        yield return ("features", settings.Features.Count + settings.Bands.Count > 0 && settings.Features.TrueForAll(WindowFeatures.Known.Contains) && settings.Features.Distinct().Count() == settings.Features.Count, $"name some of {string.Join(", ", WindowFeatures.Known)}, each once");
        yield return ("bands", settings.Bands.Count == 0 || (settings.Bands.Count is >= 2 and <= 65 && settings.RateHz is { } rate && settings.Bands[0] >= 0 && settings.Bands[^1] <= rate / 2 && settings.Bands.Zip(settings.Bands.Skip(1)).All(pair => pair.First < pair.Second)), "two or more rising limits in Hz, at most half of rateHz, which must be given");
    }

    private static IEnumerable<(string Key, bool IsSound, string Why)> Labels(TelemetrySettings settings)
    {
        var label = settings.Label;
        yield return ("classes", settings.Classes.Count is >= 2 and <= 1000 && settings.Classes.TrueForAll(IsName) && settings.Classes.Distinct().Count() == settings.Classes.Count, "name two or more different classes");
        yield return ("label", label.Topic is null != (label.Rules.Count == 0), "give a topic, or rules");
        yield return ("label.topic", label.Topic is null || TopicFilter.Problem(label.Topic) is null, label.Topic is null ? string.Empty : TopicFilter.Problem(label.Topic) ?? string.Empty);
        yield return ("label.rules", label.Rules.Count <= 64 && label.Rules.TrueForAll(rule => rule.Unknown is null && IsName(rule.Field) && (rule.Above ?? rule.Below) is not null && settings.Classes.Contains(rule.Class)), "a rule has field, above or below, and one of the classes, and nothing else");
        yield return ("label.otherwise", label.Otherwise is null || settings.Classes.Contains(label.Otherwise), "it must be one of the classes");
    }

    private static IEnumerable<(string Key, bool IsSound, string Why)> Bounds(TelemetrySettings settings)
    {
        var reservoir = settings.Reservoir;
        yield return ("reservoir.capacity", reservoir.Capacity is >= 1 and <= 100_000 && (long)reservoir.Capacity * WindowFeatures.CountOf(settings) * sizeof(float) <= MaximumReservoirBytes, "it must be from 1 to 100000 rows and at most 64 MB of features");
        yield return ("reservoir.capacity", !reservoir.Balanced || reservoir.Capacity >= settings.Classes.Count, "a balanced reservoir has at least one row per class");
        yield return ("reservoir.least", reservoir.Least >= 1 && reservoir.Least <= reservoir.Capacity, "it must be from 1 to the capacity");
    }

    /// <summary>All fields that are read from a message.</summary>
    public static IEnumerable<string> Read(TelemetrySettings settings) =>
        settings.Fields.Concat(settings.Label.Rules.Select(rule => rule.Field)).Concat(settings.TimeField is { } time ? [time] : []);

    private static bool IsName(string name) => name.Length is > 0 and <= 100 && !name.Any(char.IsControl);
}
