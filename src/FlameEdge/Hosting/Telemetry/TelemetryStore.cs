using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Models.Telemetry;
using FlameEdge.State;

namespace FlameEdge.Hosting.Telemetry;

/// <summary>A reservoir on disk: a head with the counts, and a document per row. Only what changed is written, and rarely: flash wears out.</summary>
internal sealed class TelemetryStore(IStateStore state, TelemetrySettings settings)
{
    private const string Collection = "telemetry";
    private readonly Dictionary<int, TelemetryRow> changed = [];

    /// <summary>Rows that are not on disk yet.</summary>
    public int UnsavedCount => changed.Count;

    /// <summary>Fills a reservoir with what an earlier run kept. Rows of other fields, features or classes mean something else: they are deleted and counted.</summary>
    public async Task<int> LoadAsync(TelemetryReservoir reservoir, CancellationToken cancellationToken)
    {
        if (await state.ReadAsync(Collection, HeadKey, cancellationToken) is not { } json)
        {
            return 0;
        }

        var head = JsonSerializer.Deserialize(json, TelemetryStoreJson.Default.TelemetryHead);
        var keys = await RowsAsync(cancellationToken);
        if (head is null || head.Meaning != Meaning())
        {
            await state.CommitAsync([new StateChange(Collection, HeadKey, null), .. keys.Select(row => new StateChange(Collection, row.Key, null))], cancellationToken);
            return keys.Count;
        }

        reservoir.Restore(head.Seen, keys.Select(row => Read(row)).OfType<(int, TelemetryRow)>());
        return 0;
    }

    /// <summary>Notes a change.</summary>
    public void Put(int place, TelemetryRow row) => changed[place] = row;

    /// <summary>Writes all changes with the counts they belong to, together or not at all.</summary>
    public async Task SaveAsync(IReadOnlyList<long> seen, CancellationToken cancellationToken)
    {
        if (changed.Count == 0)
        {
            return;
        }

        var head = JsonSerializer.SerializeToUtf8Bytes(new TelemetryHead(Meaning(), [.. seen]), TelemetryStoreJson.Default.TelemetryHead);
        StateChange[] changes = [new(Collection, HeadKey, head), .. changed.Select(entry => new StateChange(Collection, $"{settings.Name}.{entry.Key}", Write(entry.Value)))];
        await state.CommitAsync(changes, cancellationToken);
        changed.Clear();
    }

    private string HeadKey => settings.Name;

    private async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> RowsAsync(CancellationToken cancellationToken) =>
        [.. (await state.ListAsync(Collection, cancellationToken)).Where(entry => entry.Key.StartsWith($"{settings.Name}.", StringComparison.Ordinal))];

    // What a number in a row stands for.
    private string Meaning() =>
        $"{string.Join(',', WindowFeatures.NamesOf(settings))}|{string.Join(',', settings.Classes)}|{settings.RateHz}|{WindowBuffer.LengthsOf(settings).Samples}|{settings.Reservoir.Capacity}|{settings.Reservoir.Balanced}|{settings.Reservoir.Seed}";

    private (int Place, TelemetryRow Row)? Read(KeyValuePair<string, byte[]> document)
    {
        var row = JsonSerializer.Deserialize(document.Value, TelemetryStoreJson.Default.TelemetryDocument);
        return row is not null && row.Label >= 0 && row.Label < settings.Classes.Count && row.Features.Length == WindowFeatures.CountOf(settings) * sizeof(float)
            ? (int.Parse(document.Key.AsSpan(settings.Name.Length + 1), System.Globalization.CultureInfo.InvariantCulture), new TelemetryRow(MemoryMarshal.Cast<byte, float>(row.Features).ToArray(), row.Label))
            : null;
    }

    // JSON of floats would be four times as long.
    private static byte[] Write(TelemetryRow row) =>
        JsonSerializer.SerializeToUtf8Bytes(new TelemetryDocument(row.Label, MemoryMarshal.AsBytes(row.Features.AsSpan()).ToArray()), TelemetryStoreJson.Default.TelemetryDocument);
}

/// <summary>What a stored reservoir's rows mean, and how many were offered.</summary>
internal sealed record TelemetryHead(string Meaning, long[] Seen);

/// <summary>A stored row; the features are little-endian floats.</summary>
internal sealed record TelemetryDocument(int Label, byte[] Features);

/// <summary>JSON of stored reservoirs, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TelemetryHead))]
[JsonSerializable(typeof(TelemetryDocument))]
internal sealed partial class TelemetryStoreJson : JsonSerializerContext;
