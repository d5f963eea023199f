using System.Globalization;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>Whether an agent can run a role's workers: asked by the controller before it places one and by the agent before it starts one.</summary>
public static class Fitness
{
    /// <summary>Every figure that is short, a sentence each, such as <c>memory: needs 512 MB, has 256 MB</c>; empty where the role fits.</summary>
    public static IReadOnlyList<string> Shortfalls(JobSpec job, RoleSpec role, AgentBirth agent)
    {
        var (needs, limits, training) = (role.Needs, agent.Limits, job.TrainingOf(role.Name));
        string?[] found =
        [
            AtLeast("memory", needs.MemoryBytes, limits.MemoryBytes ?? agent.Hardware.MemoryBytes, Megabytes),
            AtLeast("storage", needs.StorageBytes, limits.StorageBytes ?? agent.Hardware.FreeStorageBytes, Megabytes),
            AtLeast("threads", Math.Max(needs.Threads ?? 0, role.IsDataConsumer ? training.Threads : 0), limits.Threads ?? agent.Hardware.Cores, Plain),
            AtLeast("bytes a day", needs.DailyBytes, limits.DailyBytes ?? long.MaxValue, Megabytes),
            needs.Architecture is { } architecture && architecture != agent.Hardware.Architecture ? $"architecture: needs {architecture}, is {agent.Hardware.Architecture}" : null,
            needs.Power is { } power && limits.Power is { } has && power != has ? $"power: needs {power}, has {has}" : null,
            training.Runtime is { } runtime && !agent.Runtimes.ContainsKey(runtime) ? $"runtime: needs {runtime}, has {string.Join(", ", agent.Runtimes.Keys)}" : null,
            role.IsDataConsumer && training.BatchSize is { } batch && batch > limits.LargestBatch ? $"batch: needs {batch}, at most {limits.LargestBatch}" : null,
            agent.Programs.Contains(role.Program) ? null : $"program: needs {role.Program}, has {string.Join(", ", agent.Programs)}",
            .. needs.Labels.Select(label => agent.Labels.GetValueOrDefault(label.Key) == label.Value ? null : $"label {label.Key}: needs {label.Value}, is {agent.Labels.GetValueOrDefault(label.Key) ?? "not set"}"),
        ];
        return [.. found.OfType<string>()];
    }

    private static string? AtLeast(string what, long? needed, long available, Func<long, string> text) =>
        needed is { } figure && figure > available ? $"{what}: needs {text(figure)}, has {text(available)}" : null;

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB");

    private static string Plain(long value) => value.ToString(CultureInfo.InvariantCulture);
}
