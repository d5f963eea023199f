using System.Text;
using FlameEdge.Control.Jobs;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Hosting.Agents;

/// <summary>Makes a job's plan of the document a controller hands out.</summary>
internal static class JobText
{
    private const int MostWorkers = 1_000_000;

    /// <summary>The job with its workers as they are placed.</summary>
    /// <param name="document">The document.</param>
    /// <param name="dataFolder">Where relative paths start.</param>
    /// <exception cref="TopologyException">The text is no job, or its workers do not fit it; the message has the first problem.</exception>
    public static JobPlan Read(JobDocument document, string dataFolder)
    {
        var found = new SpecProblems();
        var root = JsonSpecReader.Read(Encoding.UTF8.GetBytes(document.Text.GetRawText()), $"job {document.Job}", found);
        var job = root is null ? null : JobReader.Read(root, dataFolder, [], programs: null, found);
        if (job is null || !found.IsEmpty)
        {
            throw new TopologyException($"{(found.All is [var first, ..] ? first.ToString() : "the job's text is no job")}{(found.Count > 1 ? $" (and {found.Count - 1} more)" : string.Empty)}");
        }

        if (job.Name.Value != document.Job)
        {
            throw new TopologyException($"the document of job '{document.Job}' holds the text of '{job.Name}'");
        }

        Check(job, document);
        return new JobPlan(job, [.. document.Workers.Select(worker => worker.ToPlan())]);
    }

    // A worker of a role the job has not, or in a group of a channel it has not, would fail deep inside a role.
    private static void Check(JobSpec job, JobDocument document)
    {
        var roles = job.Graph.Roles.Select(role => role.Name.Value).ToHashSet(StringComparer.Ordinal);
        var channels = job.Graph.Channels.Select(channel => channel.Name.Value).ToHashSet(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var worker in document.Workers)
        {
            var fault = document.Workers.Count > MostWorkers ? "there are too many workers"
                : !seen.Add(worker.Id) ? "it stands there twice"
                : !roles.Contains(worker.Id[..Math.Max(0, worker.Id.LastIndexOf('_'))]) ? "the job has no such role"
                : !SafeName.IsSafe(worker.Agent) ? $"its agent '{worker.Agent}' cannot be"
                : worker.Dataset is { } dataset && !job.Datasets.ContainsKey(new(dataset)) ? $"the job has no dataset '{dataset}'"
                : worker.Groups.Keys.FirstOrDefault(channel => !channels.Contains(channel)) is { } odd ? $"the job has no channel '{odd}'"
                : null;
            if (fault is not null)
            {
                throw new TopologyException($"the document of job '{document.Job}' places worker '{worker.Id}', but {fault}");
            }
        }
    }
}
