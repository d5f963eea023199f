using System.Security.Cryptography;
using System.Text.Json;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>A job's workers by name. Expansion gives the first ones; from then on names never change, and what joins gets the next.</summary>
internal static class JobTable
{
    /// <summary>Fits the record's workers to the job: who is new is added, who is no longer in it is returned.</summary>
    public static IReadOnlyList<WorkerRecord> Fit(JobRecord record, JobSpec job)
    {
        var left = record.Workers.ToList();
        var fitted = new List<WorkerRecord>();
        foreach (var plan in Expansion.Expand(job).Workers)
        {
            var groups = plan.Groups.ToDictionary(group => group.Key.Value, group => group.Value.Value, StringComparer.Ordinal);
            var known = left.Find(worker => worker.Role == plan.Role && worker.Dataset == plan.Dataset?.Value && IsSame(worker.Groups, groups));
            if (known is not null)
            {
                left.Remove(known);
            }

            fitted.Add(known ?? new WorkerRecord { Id = Next(record, plan.Role).Value, Dataset = plan.Dataset?.Value, Groups = groups });
        }

        record.Workers = fitted;
        return left;
    }

    /// <summary>The document for the workers that have a place; its bytes, and their name.</summary>
    public static (byte[] Content, string Hash) Document(JobRecord record, JsonElement filled, int revision)
    {
        var content = FleetJson.Write(
            new JobDocument
            {
                Job = record.Job,
                Generation = record.Generation,
                Revision = revision,
                Text = filled,
                Workers = [.. record.Workers.Where(worker => worker.Agent is not null).Select(worker => new PlacedWorker(worker.Id, worker.Agent!, worker.Dataset, worker.Groups, worker.Attempt))], // not null: just asked
                Files = record.Files,
            },
            FleetJson.Default.JobDocument);
        return (content, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private static WorkerId Next(JobRecord record, RoleName role)
    {
        var index = record.NextIndex.GetValueOrDefault(role.Value);
        record.NextIndex[role.Value] = index + 1;
        return WorkerId.Of(role, index);
    }

    private static bool IsSame(Dictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var group) && group == pair.Value);
}
