using FlameEdge.Control.Fleet;

namespace FlameEdge.Control.Gates;

/// <summary>The gates that keep an agent to its limits.</summary>
public static class WorkGates
{
    /// <summary>One gate per limit that is set, those that hold for good first: a worker that never fits is refused rather than put to sleep.</summary>
    /// <param name="limits">What to keep to.</param>
    /// <param name="budget">The day's bytes; shared by all that is made of it, so that new limits go on with the same count.</param>
    /// <param name="sources">Where the gates look.</param>
    /// <param name="time">The clock; windows and days are of its local zone.</param>
    /// <exception cref="Diagnostics.TopologyException">A training window is none.</exception>
    public static IReadOnlyList<IWorkGate> Of(AgentLimits limits, ByteBudget budget, GateSources sources, TimeProvider time)
    {
        IWorkGate?[] gates =
        [
            limits.LargestBatch is { } batch ? new BatchGate(batch) : null,
            limits.Threads is { } threads ? new ThreadGate(threads) : null,
            limits.StorageBytes is { } storage ? new StorageGate(storage, sources, time) : null,
            limits.MemoryBytes is { } memory ? new MemoryGate(memory, sources) : null,
            limits.Workers is { } workers ? new WorkerCountGate(workers, sources) : null,
            limits.DailyBytes is { } daily ? new ByteBudgetGate(daily, limits.IsMetered is true, budget, sources) : null,
            limits.TrainingWindows is { Count: > 0 } windows ? new WindowGate(windows, time) : null,
            limits.TemperatureLimitCelsius is { } celsius ? new TemperatureGate(celsius, sources) : null,
            limits.LeastBatteryPercent is { } percent ? new PowerGate(percent, sources) : null,
        ];
        return [.. gates.OfType<IWorkGate>()];
    }
}
