using FlameEdge.Control.Fleet;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Hosting.Agents;

/// <summary>Whether a task can be acted on at all: names become folders and topics, so they are looked at first.</summary>
internal static class TaskChecks
{
    private const int HashLength = 64;
    private const int GenerationLength = 12;
    private static readonly System.Buffers.SearchValues<char> Hex = System.Buffers.SearchValues.Create("0123456789abcdef");

    /// <summary>What is wrong with it; null where nothing is.</summary>
    public static string? Fault(AgentTask task)
    {
        if (task.Epoch < 0 || task.Revision < 0 || !SafeName.IsSafe(task.Controller))
        {
            return "its epoch, revision or controller cannot be";
        }

        return task.Jobs.Select(Fault).FirstOrDefault(fault => fault is not null)
            ?? (task.Jobs.Select(job => job.Job).Distinct(StringComparer.Ordinal).Count() < task.Jobs.Count ? "it lists a job twice" : null);
    }

    /// <summary>True for SHA-256 in lower-case hex.</summary>
    public static bool IsHash(string text) => text.Length == HashLength && !text.AsSpan().ContainsAnyExcept(Hex);

    private static string? Fault(TaskJob job)
    {
        if (!SafeName.IsSafe(job.Job) || job.Generation.Length != GenerationLength || job.Generation.AsSpan().ContainsAnyExcept(Hex))
        {
            return "a job's name or generation cannot be";
        }

        if (!IsHash(job.Document) || job.Checkpoints?.Values.All(IsHash) == false || !double.IsFinite(job.LeaseSeconds) || job.LeaseSeconds is <= 0 or > 1e7)
        {
            return $"a hash or the lease of job '{job.Job}' cannot be";
        }

        return job.Workers.Keys.FirstOrDefault(worker => !IsWorker(worker)) is { } odd ? $"'{odd}' is no worker's name" : job.Workers.Values.Any(attempt => attempt < 0) || job.Leased.Any(worker => !job.Workers.ContainsKey(worker)) ? $"an attempt of job '{job.Job}' is below 0, or a worker leased that is not listed" : null;
    }

    private static bool IsWorker(string name) =>
        name.LastIndexOf('_') is > 0 and var at && SafeName.IsSafe(name[..at]) && name.Length - at - 1 is > 0 and <= 9 && name.AsSpan(at + 1).IndexOfAnyExceptInRange('0', '9') < 0;
}
