using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlameEdge.Models.Telemetry;

/// <summary>One dataset that grows out of sensors' messages: an item of the section <c>telemetry</c> of an agent's configuration (docs/telemetry.md).</summary>
public sealed class TelemetrySettings
{
    /// <summary>The dataset's name, as jobs write it: <c>[a-z0-9-]{1,36}</c>.</summary>
    public string Name { get; set; } = string.Empty;

    /// <summary>The sensors' topics; <c>+</c> stands for any one level.</summary>
    public string Filter { get; set; } = string.Empty;

    /// <summary><c>json</c> (a field holds a number, or an array of samples) or <c>csv</c> (a line per sample).</summary>
    public string Format { get; set; } = "json";

    /// <summary>What is read: JSON paths such as <c>vibration.x</c>, or names of <see cref="Columns"/>; each is a channel with features of its own.</summary>
    public List<string> Fields { get; set; } = [];

    /// <summary>The columns of a CSV line in order; those not named elsewhere are skipped.</summary>
    public List<string> Columns { get; set; } = [];

    /// <summary>The field or column that holds the time of a message's first sample; null where the messages have none. With it, a gap starts a new window.</summary>
    public string? TimeField { get; set; }

    /// <summary>Seconds in one unit of <see cref="TimeField"/>; a millisecond by default.</summary>
    public double TimeUnitSeconds { get; set; } = 0.001;

    /// <summary>Samples per second of every field; needed for windows in seconds, for bands and to see gaps.</summary>
    public double? RateHz { get; set; }

    /// <summary>The topic's level that names the device, from 0; null where all messages are of one device.</summary>
    public int? DeviceLevel { get; set; }

    /// <summary>How many samples make a row.</summary>
    public TelemetryWindow Window { get; set; } = new();

    /// <summary>Features of every field: some of <see cref="WindowFeatures.Known"/>.</summary>
    public List<string> Features { get; set; } = ["mean", "std", "rms", "peakToPeak", "kurtosis"];

    /// <summary>Limits in Hz of the spectrum's bands, rising: [10, 50, 200] makes two features per field, log10 of the energy in each; empty for none.</summary>
    public List<double> Bands { get; set; } = [];

    /// <summary>The classes in order: the first is label 0.</summary>
    public List<string> Classes { get; set; } = [];

    /// <summary>Where labels come from.</summary>
    public TelemetryLabel Label { get; set; } = new();

    /// <summary>What is kept.</summary>
    public TelemetryReservoirSettings Reservoir { get; set; } = new();

    /// <summary>Messages per second that are worked on; more are dropped and counted.</summary>
    public double MaximumRate { get; set; } = 1000;

    /// <summary>Keys nobody knows; they are refused.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>How many samples make a row: give samples or seconds.</summary>
public sealed class TelemetryWindow
{
    /// <summary>Samples of a window: 2 to 65536.</summary>
    public int? Samples { get; set; }

    /// <summary>The same as a time, with <see cref="TelemetrySettings.RateHz"/>.</summary>
    public double? Seconds { get; set; }

    /// <summary>From one window's start to the next, in the window's unit; the window itself by default, so that windows do not overlap.</summary>
    public double? Step { get; set; }

    /// <summary>Keys nobody knows; they are refused.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>Where labels come from: a topic, or rules.</summary>
public sealed class TelemetryLabel
{
    /// <summary>Topics whose payload is a class name, in force until the next; with <see cref="TelemetrySettings.DeviceLevel"/> that level names the device here too.</summary>
    public string? Topic { get; set; }

    /// <summary>The first rule that holds gives the class.</summary>
    public List<TelemetryRule> Rules { get; set; } = [];

    /// <summary>The class where no rule holds, or nobody has said anything yet; null drops the row.</summary>
    public string? Otherwise { get; set; }

    /// <summary>Keys nobody knows; they are refused.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>A rule: the mean of a field over the window is above or below a value.</summary>
public sealed class TelemetryRule
{
    /// <summary>The field or column; it need not be a channel.</summary>
    public string Field { get; set; } = string.Empty;

    /// <summary>Holds above this; null for no such bound.</summary>
    public double? Above { get; set; }

    /// <summary>Holds below this; null for no such bound.</summary>
    public double? Below { get; set; }

    /// <summary>The class where it holds.</summary>
    public string Class { get; set; } = string.Empty;

    /// <summary>Keys nobody knows; they are refused.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>What is kept of all rows: a fair sample of bounded size.</summary>
public sealed class TelemetryReservoirSettings
{
    /// <summary>Rows at most: 1 to 100000, at most 64 MB of them.</summary>
    public int Capacity { get; set; } = 2000;

    /// <summary>True shares the capacity out among the classes, so that a rare one is not crowded out.</summary>
    public bool Balanced { get; set; }

    /// <summary>Rows below which a job waits for more; at least 1.</summary>
    public int Least { get; set; } = 1;

    /// <summary>Seed of the choice: the same stream keeps the same rows.</summary>
    public ulong Seed { get; set; }

    /// <summary>Keys nobody knows; they are refused.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
