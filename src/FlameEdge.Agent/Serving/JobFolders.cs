using FlameEdge.Diagnostics;
using FlameEdge.Hosting.Agents;
using FlameEdge.LiteDb;
using FlameEdge.State;
using FlameEdge.Topology;
using Microsoft.Extensions.Logging;

namespace FlameEdge.Agent.Serving;

/// <summary>A folder for each submission of a job: <c>JOB.GENERATION/state</c> and <c>JOB.GENERATION/files</c>.</summary>
internal sealed class JobFolders(string root, ILogger logger) : IJobFolders
{
    public IReadOnlyList<JobKey> List() => !Directory.Exists(root) ? [] :
    [
        .. Directory.EnumerateDirectories(root)
            .Select(path => Path.GetFileName(path).Split('.'))
            .Where(parts => parts.Length == 2)
            .Select(parts => new JobKey(new JobId(parts[0]), parts[1])),
    ];

    public IStateStore Open(JobKey job) => LiteDbStateStore.Open(Path.Combine(FolderOf(job), "state"), logger);

    public string FileOf(JobKey job, string name)
    {
        var folder = Path.Combine(FolderOf(job), "files");
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the folder {folder} cannot be made: {exception.Message.TrimEnd('.')}. Free space, or give the agent write access.", exception);
        }

        return Path.Combine(folder, name);
    }

    public void Delete(JobKey job)
    {
        try
        {
            if (Directory.Exists(FolderOf(job)))
            {
                Directory.Delete(FolderOf(job), recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What is left costs space; the next start sweeps it.
        }
    }

    private string FolderOf(JobKey job) => Path.Combine(root, job.ToString());
}
