using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>Where an agent keeps what its jobs leave: a folder with a state store for each submission of a job.</summary>
public interface IJobFolders
{
    /// <summary>The submissions that have a folder.</summary>
    IReadOnlyList<JobKey> List();

    /// <summary>Opens or creates the state of a submission.</summary>
    /// <exception cref="Diagnostics.StateException">The folder cannot be used.</exception>
    IStateStore Open(JobKey job);

    /// <summary>A path for a file the job brings along, inside the submission's folder; the folder exists.</summary>
    string FileOf(JobKey job, string name);

    /// <summary>Removes a submission's folder with all it holds; its state is closed. Absent folders are no error.</summary>
    void Delete(JobKey job);
}

/// <summary>A submission of a job.</summary>
/// <param name="Job">The job.</param>
/// <param name="Generation">Which submission of it: 12 hex digits.</param>
public readonly record struct JobKey(JobId Job, string Generation)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Job}.{Generation}";
}
