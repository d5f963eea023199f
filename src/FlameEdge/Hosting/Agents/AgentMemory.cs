using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.State;

namespace FlameEdge.Hosting.Agents;

/// <summary>What an agent must not forget: its incarnation, and whom it obeys.</summary>
internal sealed class AgentMemory(IStateStore state)
{
    private const string Collection = "agent";
    private const string Key = "agent";

    public RememberedAgent Known { get; private set; } = new();

    /// <summary>Reads what is known; nothing known is no error.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken) =>
        Known = await state.ReadAsync(Collection, Key, cancellationToken) is { } json ? JsonSerializer.Deserialize(json, MemoryJson.Default.RememberedAgent) ?? new() : new();

    /// <summary>Changes it durably.</summary>
    public async Task KeepAsync(RememberedAgent known, CancellationToken cancellationToken)
    {
        await state.CommitAsync([new StateChange(Collection, Key, JsonSerializer.SerializeToUtf8Bytes(known, MemoryJson.Default.RememberedAgent), IsManifest: true)], cancellationToken);
        Known = known;
    }
}

/// <summary>An agent's memory.</summary>
internal sealed record RememberedAgent
{
    /// <summary>The last run.</summary>
    public long Incarnation { get; init; }

    /// <summary>The highest epoch obeyed.</summary>
    public long Epoch { get; init; }

    /// <summary>Whose epoch it was.</summary>
    public string? Controller { get; init; }
}

/// <summary>How a worker ended here, so that the same work is not started twice.</summary>
internal sealed record EndedWork(int Attempt, Control.Fleet.WorkPhase Phase, string? Reason, int? Round);

/// <summary>JSON of what an agent remembers, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RememberedAgent))]
[JsonSerializable(typeof(EndedWork))]
internal sealed partial class MemoryJson : JsonSerializerContext;
