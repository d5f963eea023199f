using FlameEdge.Hosting.Agents;
using FlameEdge.LiteDb;
using FlameEdge.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlameEdge.Benchmarks.Crowd;

/// <summary>Folders of an agent's jobs below one of its own.</summary>
internal sealed class JobFolders(string folder) : IJobFolders
{
    public IReadOnlyList<JobKey> List() => [];

    public IStateStore Open(JobKey job) => LiteDbStateStore.Open(Path.Combine(folder, job.ToString()), NullLogger.Instance);

    public string FileOf(JobKey job, string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(folder, job.ToString(), "files")).FullName, name);

    public void Delete(JobKey job)
    {
        if (Directory.Exists(Path.Combine(folder, job.ToString())))
        {
            Directory.Delete(Path.Combine(folder, job.ToString()), recursive: true);
        }
    }
}
