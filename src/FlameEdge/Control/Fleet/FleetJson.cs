using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FlameEdge.Control.Jobs;

namespace FlameEdge.Control.Fleet;

/// <summary>JSON of everything agents, controllers and operators tell each other, generated ahead of time. Unknown fields are ignored.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AgentBirth))]
[JsonSerializable(typeof(AgentState))]
[JsonSerializable(typeof(AgentTask))]
[JsonSerializable(typeof(AgentMetrics))]
[JsonSerializable(typeof(AgentEvent))]
[JsonSerializable(typeof(CheckpointNote))]
[JsonSerializable(typeof(JobDocument))]
[JsonSerializable(typeof(JobStatus))]
[JsonSerializable(typeof(DesiredJob))]
[JsonSerializable(typeof(ControllerBirth))]
[JsonSerializable(typeof(ControllerConfig))]
[JsonSerializable(typeof(FleetQuestion))]
[JsonSerializable(typeof(FleetListing))]
[JsonSerializable(typeof(JobEvent))]
[JsonSerializable(typeof(JobSummary))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
public sealed partial class FleetJson : JsonSerializerContext
{
    // Deeper texts are attacks on the reader, not notices.
    private static readonly JsonReaderOptions Bounds = new() { MaxDepth = 32 };

    /// <summary>The value in <paramref name="json"/>; null where it is none, whatever else it may be.</summary>
    public static T? Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(json, Bounds);
            return JsonSerializer.Deserialize(ref reader, type);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The value as UTF-8.</summary>
    public static byte[] Write<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);
}
