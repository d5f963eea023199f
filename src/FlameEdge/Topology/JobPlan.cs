namespace FlameEdge.Topology;

/// <summary>One worker, as expansion makes it.</summary>
public sealed record WorkerPlan
{
    /// <summary>The worker's identity.</summary>
    public required WorkerId Id { get; init; }

    /// <summary>The role it is an instance of.</summary>
    public required RoleName Role { get; init; }

    /// <summary>The dataset it learns from; null for a role that consumes none.</summary>
    public DatasetId? Dataset { get; init; }

    /// <summary>The device the job names for it; null where it names none.</summary>
    public AgentId? Agent { get; init; }

    /// <summary>The group it joins on each channel of its role; one object for all workers of the same association.</summary>
    public required IReadOnlyDictionary<ChannelName, GroupName> Groups { get; init; }

    /// <summary>The device it runs on: the one the job names, else one of its own, named after the worker.</summary>
    public AgentId RunsOn => Agent ?? new AgentId(Id.Value.Replace('_', '-'));
}

/// <summary>A job and all its workers: what every party can compute from the job alone.</summary>
public sealed class JobPlan(JobSpec job, IReadOnlyList<WorkerPlan> workers)
{
    private Dictionary<WorkerId, WorkerPlan>? byId;

    /// <summary>The job.</summary>
    public JobSpec Job { get; } = job;

    /// <summary>Workers by role name, then by dataset group and dataset, or by replica and association.</summary>
    public IReadOnlyList<WorkerPlan> Workers { get; } = workers;

    /// <summary>The worker of this name, or null.</summary>
    public WorkerPlan? Find(WorkerId id) => (byId ??= Workers.ToDictionary(worker => worker.Id)).GetValueOrDefault(id);

    /// <summary>Workers of <paramref name="role"/> in one group of a channel, in plan order.</summary>
    public IReadOnlyList<WorkerPlan> Members(ChannelName channel, GroupName group, RoleName role) =>
        [.. Workers.Where(worker => worker.Role == role && worker.Groups.TryGetValue(channel, out var joined) && joined == group)];
}
