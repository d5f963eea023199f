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

    /// <summary>Times of day at which training is allowed, local to the device, such as <c>22:00-06:00</c>; empty or null for always.</summary>
    public IReadOnlyList<string>? TrainingWindows { get; init; }

    /// <summary>The processor's temperature above which training waits, in degrees Celsius.</summary>
    public int? TemperatureLimitCelsius { get; init; }

    /// <summary>Workers at once.</summary>
    public int? Workers { get; init; }

    /// <summary>What both allow: the lesser of each figure. Power and training windows, which have no order, are the other's where it names them.</summary>
    public AgentLimits Least(AgentLimits other) => new()
    {
        MemoryBytes = Lesser(MemoryBytes, other.MemoryBytes),
        StorageBytes = Lesser(StorageBytes, other.StorageBytes),
        Threads = Lesser(Threads, other.Threads),
        LargestBatch = Lesser(LargestBatch, other.LargestBatch),
        LargestPacketBytes = Lesser(LargestPacketBytes, other.LargestPacketBytes),
        WindowBytes = Lesser(WindowBytes, other.WindowBytes),
        DailyBytes = Lesser(DailyBytes, other.DailyBytes),
        IsMetered = IsMetered == true || other.IsMetered == true ? true : IsMetered ?? other.IsMetered,
        Power = other.Power ?? Power,
        TrainingWindows = other.TrainingWindows is { Count: > 0 } ? other.TrainingWindows : TrainingWindows,
        TemperatureLimitCelsius = Lesser(TemperatureLimitCelsius, other.TemperatureLimitCelsius),
        Workers = Lesser(Workers, other.Workers),
    };

    private static T? Lesser<T>(T? first, T? second)
        where T : struct, IComparable<T> =>
        first is not { } one ? second : second is not { } two ? first : one.CompareTo(two) <= 0 ? one : two;
}
