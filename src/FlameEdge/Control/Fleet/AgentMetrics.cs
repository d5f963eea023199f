namespace FlameEdge.Control.Fleet;

/// <summary>Figures of an agent, posted under <c>fleet/{agent}/metrics</c> every few seconds; also its heartbeat.</summary>
public sealed record AgentMetrics
{
    /// <summary>The agent.</summary>
    public required string Agent { get; init; }

    /// <summary>Which run of it speaks.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Bytes over the broker today, both ways.</summary>
    public required long BytesToday { get; init; }

    /// <summary>Memory the process has resident, in bytes; null where it cannot be read.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Share of all cores the process used since the last figures, in [0, 1]; null where it cannot be read.</summary>
    public double? Processor { get; init; }

    /// <summary>The processor's temperature in degrees Celsius; null where the device has no sensor.</summary>
    public double? TemperatureCelsius { get; init; }

    /// <summary>Workers by phase.</summary>
    public required IReadOnlyDictionary<string, int> Workers { get; init; }
}
