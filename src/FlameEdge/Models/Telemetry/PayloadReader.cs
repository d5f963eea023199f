using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace FlameEdge.Models.Telemetry;

/// <summary>The samples of one message.</summary>
/// <param name="TimeSeconds">When the first was taken, by the sensor's clock; null where it does not say.</param>
/// <param name="Fields">[fields][samples], as long as each other.</param>
internal sealed record TelemetrySamples(double? TimeSeconds, double[][] Fields)
{
    /// <summary>Samples of every field.</summary>
    public int Count => Fields[0].Length;
}

/// <summary>Reads messages of sensors. Whatever the bytes, the answer is samples or none.</summary>
internal sealed class PayloadReader
{
    /// <summary>Larger messages are dropped unread.</summary>
    public const int LargestBytes = 64 << 10;

    /// <summary>Samples of one message; more are dropped with it.</summary>
    public const int MostSamples = 4096;

    private static readonly JsonReaderOptions Bounds = new() { MaxDepth = 16 };
    private readonly TelemetrySettings settings;
    private readonly string[][] paths;
    private readonly string[]? timePath;
    private readonly int[] columns;
    private readonly int timeColumn;

    public PayloadReader(TelemetrySettings settings)
    {
        this.settings = settings;
        Fields = [.. settings.Fields.Concat(settings.Label.Rules.Select(rule => rule.Field)).Distinct()];
        paths = [.. Fields.Select(field => field.Split('.'))];
        timePath = settings.TimeField?.Split('.');
        columns = [.. Fields.Select(field => settings.Columns.IndexOf(field))];
        timeColumn = settings.TimeField is { } time ? settings.Columns.IndexOf(time) : -1;
    }

    /// <summary>What is read, the channels first and then what only rules need.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary>The samples; null where the message is not what the settings say: too large, torn, a field missing or no finite number.</summary>
    public TelemetrySamples? Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length is 0 or > LargestBytes)
        {
            return null;
        }

        return settings.Format == "csv" ? ReadCsv(payload) : ReadJson(payload);
    }

    private TelemetrySamples? ReadJson(ReadOnlySpan<byte> payload)
    {
        try
        {
            var reader = new Utf8JsonReader(payload, Bounds);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            double? time = timePath is null ? null : At(document.RootElement, timePath) is { ValueKind: JsonValueKind.Number } found && Finite(found) is { } value ? value * settings.TimeUnitSeconds : double.NaN;
            var fields = new double[paths.Length][];
            for (var field = 0; field < paths.Length; field++)
            {
                if (At(document.RootElement, paths[field]) is not { } element || Values(element) is not { } values || values.Length != (fields[0] ?? values).Length)
                {
                    return null;
                }

                fields[field] = values;
            }

            return time is { } stamp && double.IsNaN(stamp) ? null : new(time, fields);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // Invalid UTF-8 within a name surfaces as the second and third.
            return null;
        }
    }

    private static JsonElement? At(JsonElement root, string[] path)
    {
        foreach (var level in path)
        {
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(level, out root))
            {
                return null;
            }
        }

        return root;
    }

    private static double[]? Values(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number)
        {
            return Finite(element) is { } single ? [single] : null;
        }

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() is 0 or > MostSamples)
        {
            return null;
        }

        var values = new double[element.GetArrayLength()];
        var index = 0;
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || Finite(item) is not { } value)
            {
                return null;
            }

            values[index++] = value;
        }

        return values;
    }

    // What does not fit a float would be infinite in the row.
    private static double? Finite(JsonElement number) => number.TryGetDouble(out var value) && Math.Abs(value) <= float.MaxValue ? value : null;

    private TelemetrySamples? ReadCsv(ReadOnlySpan<byte> payload)
    {
        var rows = new List<double[]>();
        double? time = null;
        while (payload.Length > 0)
        {
            var end = payload.IndexOf((byte)'\n');
            var line = (end < 0 ? payload : payload[..end]).TrimEnd("\r"u8);
            payload = end < 0 ? [] : payload[(end + 1)..];
            if (line.Length == 0 && payload.Length == 0)
            {
                break;
            }

            if (rows.Count == MostSamples || ReadLine(line) is not { } row)
            {
                return null;
            }

            time ??= timeColumn < 0 ? null : row[timeColumn] * settings.TimeUnitSeconds;
            rows.Add(row);
        }

        return rows.Count == 0 ? null : new(time, [.. columns.Select(column => rows.ConvertAll(row => row[column]).ToArray())]);
    }

    // Columns that nobody reads may hold any text; they count as 0.
    private double[]? ReadLine(ReadOnlySpan<byte> line)
    {
        var row = new double[settings.Columns.Count];
        var column = 0;
        foreach (var part in line.Split((byte)','))
        {
            if (column == row.Length)
            {
                return null;
            }

            var text = line[part].Trim(" \t"u8);
            if (column == timeColumn || columns.Contains(column))
            {
                if (!Utf8Parser.TryParse(text, out double value, out var used) || used != text.Length || !(Math.Abs(value) <= float.MaxValue))
                {
                    return null;
                }

                row[column] = value;
            }

            column++;
        }

        return column == row.Length ? row : null;
    }
}
