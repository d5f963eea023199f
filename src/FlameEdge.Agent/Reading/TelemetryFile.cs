using System.Text.Json;
using FlameEdge.Diagnostics;
using FlameEdge.Models.Telemetry;

namespace FlameEdge.Agent.Reading;

/// <summary>Reads the telemetry datasets of a file: a list of them, or an agent's configuration with a section <c>telemetry</c>.</summary>
internal static class TelemetryFile
{
    private const int LargestBytes = 1 << 20;

    /// <exception cref="TopologyException">The file cannot be read, or a key of it is wrong; the message names all such keys.</exception>
    public static IReadOnlyList<TelemetrySettings> Read(string path)
    {
        var reading = TelemetryReading.Read(ListOf(path));
        return reading.Refused.Count == 0
            ? reading.Sources
            : throw new TopologyException($"{path}: {string.Join("; ", reading.Refused.Select(refusal => $"{refusal.Key}: {refusal.Why}"))}. docs/telemetry.md lists the keys.");
    }

    private static byte[] ListOf(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LargestBytes })
            {
                throw new TopologyException($"{path} is larger than a megabyte: give the file with the list of telemetry datasets");
            }

            var text = File.ReadAllBytes(path);
            using var json = JsonDocument.Parse(text, new() { CommentHandling = JsonCommentHandling.Skip, MaxDepth = 32 });
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("telemetry", out var list)
                ? System.Text.Encoding.UTF8.GetBytes(list.GetRawText())
                : text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TopologyException($"{path} holds no telemetry: {error.Message.ReplaceLineEndings(" ")} Give a JSON file with a list of datasets (docs/telemetry.md).", error);
        }
    }
}
