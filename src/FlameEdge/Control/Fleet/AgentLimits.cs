namespace FlameEdge.Control.Fleet;

/// <summary>What an agent may use; null anywhere for no limit of its own.</summary>
public sealed record AgentLimits
{
    /// <summary>Memory of the process with all its workers, in bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Space for state and data, in bytes.</summary>
    public long? StorageBytes { get; init; }

    /// <summary>Threads learning may use.</summary>
    public int? Threads { get; init; }

    /// <summary>The largest batch of a training step, in samples.</summary>
    public int? LargestBatch { get; init; }

    /// <summary>The largest MQTT packet, in bytes.</summary>
    public int? LargestPacketBytes { get; init; }

    /// <summary>Bytes of a transfer under way at once.</summary>
    public int? WindowBytes { get; init; }

    /// <summary>Bytes a day over the broker, both ways.</summary>
    public long? DailyBytes { get; init; }

    /// <summary>True where bytes cost money.</summary>
    public bool? IsMetered { get; init; }

    /// <summary><c>mains</c>, <c>battery</c> or <c>solar</c>.</summary>
    public string? Power { get; init; }

    /// <summary>The charge below which training waits while on battery, in percent.</summary>
    public int? LeastBatteryPercent { get; init; }

    /// <summary>Times of day at which training is allowed, local to the device, such as <c>22:00-06:00</c>; empty or null for always.</summary>
    public IReadOnlyList<string>? TrainingWindows { get; init; }

    /// <summary>The processor's temperature above which training waits, in degrees Celsius.</summary>
    public int? TemperatureLimitCelsius { get; init; }

    /// <summary>Workers at once.</summary>
    public int? Workers { get; init; }

    /// <summary>What keeps to all of <paramref name="limits"/>: of every figure the strictest, of the training windows those times that all allow.</summary>
    /// <exception cref="Diagnostics.TopologyException">A training window is none.</exception>
    public static AgentLimits Least(params ReadOnlySpan<AgentLimits> limits)
    {
        var least = new AgentLimits();
        foreach (var next in limits)
        {
            least = Stricter(least, next);
        }

        return least;
    }

    private static AgentLimits Stricter(AgentLimits one, AgentLimits other) => new()
    {
        MemoryBytes = Lower(one.MemoryBytes, other.MemoryBytes),
        StorageBytes = Lower(one.StorageBytes, other.StorageBytes),
        Threads = Lower(one.Threads, other.Threads),
        LargestBatch = Lower(one.LargestBatch, other.LargestBatch),
        LargestPacketBytes = Lower(one.LargestPacketBytes, other.LargestPacketBytes),
        WindowBytes = Lower(one.WindowBytes, other.WindowBytes),
        DailyBytes = Lower(one.DailyBytes, other.DailyBytes),
        IsMetered = one.IsMetered is true || other.IsMetered is true ? true : one.IsMetered ?? other.IsMetered,
        Power = Weaker(one.Power, other.Power),
        LeastBatteryPercent = one.LeastBatteryPercent is { } charge && other.LeastBatteryPercent is { } needed ? Math.Max(charge, needed) : one.LeastBatteryPercent ?? other.LeastBatteryPercent,
        TrainingWindows = DailyWindows.Common(one.TrainingWindows, other.TrainingWindows),
        TemperatureLimitCelsius = Lower(one.TemperatureLimitCelsius, other.TemperatureLimitCelsius),
        Workers = Lower(one.Workers, other.Workers),
    };

    private static T? Lower<T>(T? one, T? other)
        where T : struct, IComparable<T> =>
        one is { } first && other is { } second ? (first.CompareTo(second) <= 0 ? first : second) : one ?? other;

    // A device said to be on solar by one and on mains by another is planned for as the one that may run dry.
    private static string? Weaker(string? one, string? other)
    {
        string[] order = ["solar", "battery", "mains"];
        return order.FirstOrDefault(power => power == one || power == other) ?? one ?? other;
    }
}
