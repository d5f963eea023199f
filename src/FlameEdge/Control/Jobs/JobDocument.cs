using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>A job as the controller hands it to agents: its text, where each worker runs, and the files it needs. Named by its SHA-256, so it never changes;
/// a new placement is a new document.</summary>
public sealed record JobDocument
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>Which submission of it.</summary>
    public required string Generation { get; init; }

    /// <summary>Counts the documents of this generation.</summary>
    public required int Revision { get; init; }

    /// <summary>The job file as JSON, parameters put in.</summary>
    public required JsonElement Text { get; init; }

    /// <summary>Every worker: which dataset, which agent. A worker keeps its name for as long as it has a place here.</summary>
    public required IReadOnlyList<PlacedWorker> Workers { get; init; }

    /// <summary>Files the job's text names by these relative paths, by SHA-256; fetched on the <c>spec</c> channel.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init => field = value ?? new Dictionary<string, string>(StringComparer.Ordinal); } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Where a worker runs.</summary>
/// <param name="Id">The worker.</param>
/// <param name="Agent">Its device.</param>
/// <param name="Dataset">The dataset it learns from; null for none.</param>
/// <param name="Groups">Its group on each channel.</param>
/// <param name="Attempt">Which placement of it.</param>
public sealed record PlacedWorker(string Id, string Agent, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Dataset, IReadOnlyDictionary<string, string> Groups, int Attempt)
{
    /// <summary>The worker as roles know it.</summary>
    public WorkerPlan ToPlan() => new()
    {
        Id = new WorkerId(Id),
        Role = new RoleName(Id[..Math.Max(0, Id.LastIndexOf('_'))]),
        Dataset = Dataset is null ? null : new DatasetId(Dataset),
        Agent = new AgentId(Agent),
        Groups = Groups.ToDictionary(group => new ChannelName(group.Key), group => new GroupName(group.Value)),
    };
}
