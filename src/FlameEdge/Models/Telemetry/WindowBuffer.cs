namespace FlameEdge.Models.Telemetry;

/// <summary>One device's samples until they make a window. A gap, a step back in time or a new label starts afresh: a window shows one thing without a break.</summary>
internal sealed class WindowBuffer(TelemetrySettings settings, int fieldCount)
{
    private readonly (int Samples, int Step) lengths = LengthsOf(settings);
    private readonly List<double>[] fields = [.. Enumerable.Range(0, fieldCount).Select(_ => new List<double>())];
    private double? expectedSeconds;

    /// <summary>Windows that were begun and given up at a gap.</summary>
    public long GapCount { get; private set; }

    /// <summary>Samples of a window, and from one window's start to the next's.</summary>
    public static (int Samples, int Step) LengthsOf(TelemetrySettings settings)
    {
        // Bounded before it is an integer: what is absurd is refused as too long.
        var scale = settings.Window.Samples is null ? settings.RateHz ?? 1 : 1;
        var samples = Rounded((settings.Window.Samples ?? settings.Window.Seconds ?? 0) * scale);
        return (samples, settings.Window.Step is { } step ? Rounded(step * scale) : samples);
    }

    /// <summary>Adds a message and returns the windows it completes: [fields][samples] each.</summary>
    public IEnumerable<double[][]> Add(TelemetrySamples message)
    {
        if (IsGap(message.TimeSeconds))
        {
            GapCount++;
            Clear();
        }

        expectedSeconds = message.TimeSeconds is { } time && settings.RateHz is { } rate ? time + (message.Count / rate) : null;
        for (var field = 0; field < fields.Length; field++)
        {
            fields[field].AddRange(message.Fields[field]);
        }

        while (fields[0].Count >= lengths.Samples)
        {
            yield return [.. fields.Select(samples => samples.GetRange(0, lengths.Samples).ToArray())];
            foreach (var samples in fields)
            {
                samples.RemoveRange(0, lengths.Step);
            }
        }
    }

    /// <summary>Forgets what is not a window yet.</summary>
    public void Clear()
    {
        foreach (var samples in fields)
        {
            samples.Clear();
        }

        expectedSeconds = null;
    }

    // Two samples of slack: sensors round their stamps.
    private bool IsGap(double? time) =>
        fields[0].Count > 0 && time is { } found && expectedSeconds is { } expected && settings.RateHz is { } rate && Math.Abs(found - expected) > 2 / rate;

    private static int Rounded(double samples) => samples is >= 0 and < 1 << 20 ? (int)Math.Round(samples) : 1 << 20;
}
