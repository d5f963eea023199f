using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlameEdge.Models.Telemetry;

/// <summary>The section <c>telemetry</c> as it was read: what can be collected, and what cannot and why.</summary>
/// <param name="Sources">The sound ones.</param>
/// <param name="Refused">The others, each with the key that is wrong.</param>
public sealed record TelemetryReading(IReadOnlyList<TelemetrySettings> Sources, IReadOnlyList<TelemetryRefusal> Refused)
{
    /// <summary>Items of a list; more are refused.</summary>
    public const int MaximumCount = 32;

    /// <summary>Reads the list. Whatever the text, the answer is a reading: one wrong item takes nothing from the others.</summary>
    public static TelemetryReading Read(ReadOnlySpan<byte> json)
    {
        var (sources, refused) = (new List<TelemetrySettings>(), new List<TelemetryRefusal>());
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16, CommentHandling = JsonCommentHandling.Skip });
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return new([], [new("telemetry", "it must be a list of datasets")]);
            }

            var index = 0;
            foreach (var item in document.RootElement.EnumerateArray())
            {
                ReadItem(item, $"telemetry[{index}]", index++, sources, refused);
            }
        }
        catch (JsonException error)
        {
            refused.Add(new("telemetry", $"it is no JSON: {error.Message.ReplaceLineEndings(" ")}"));
        }

        return new(sources, refused);
    }

    private static void ReadItem(JsonElement item, string key, int index, List<TelemetrySettings> sources, List<TelemetryRefusal> refused)
    {
        if (index >= MaximumCount)
        {
            refused.Add(new(key, $"an agent collects at most {MaximumCount} datasets"));
            return;
        }

        try
        {
            var settings = item.Deserialize(TelemetryJson.Default.TelemetrySettings);
            TelemetryRefusal[] problems = settings is null
                ? [new(key, "it must be an object")]
                : [.. TelemetryChecks.Of(settings).Select(problem => new TelemetryRefusal($"{key}.{problem.Key}", problem.Why))];
            if (problems.Length == 0 && sources.Exists(other => other.Name == settings!.Name)) // not null: that is a problem
            {
                problems = [new($"{key}.name", $"'{settings!.Name}' is taken by another item")];
            }

            refused.AddRange(problems);
            if (problems.Length == 0)
            {
                sources.Add(settings!); // not null: that is a problem
            }
        }
        catch (JsonException error)
        {
            refused.Add(new($"{key}{error.Path?.TrimStart('$')}", "its value is of the wrong kind"));
        }
    }
}

/// <summary>A key that cannot be.</summary>
/// <param name="Key">Its path, such as <c>telemetry[0].window.samples</c>.</param>
/// <param name="Why">What is wrong and what would be right.</param>
public sealed record TelemetryRefusal(string Key, string Why);

/// <summary>JSON of the settings, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TelemetrySettings))]
internal sealed partial class TelemetryJson : JsonSerializerContext;
