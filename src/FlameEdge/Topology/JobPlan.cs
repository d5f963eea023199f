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

/// <summary>A job and all its workers: what every party can compute from the job alone. Safe to read from any thread.</summary>
public sealed class JobPlan(JobSpec job, IReadOnlyList<WorkerPlan> workers)
{
    private readonly Lazy<Dictionary<WorkerId, WorkerPlan>> byId = new(() => workers.ToDictionary(worker => worker.Id));
    private readonly Lazy<Dictionary<(ChannelName, GroupName, RoleName), List<WorkerPlan>>> byGroup = new(() => IndexGroups(workers));

    /// <summary>The job.</summary>
    public JobSpec Job { get; } = job;

    /// <summary>Workers by role name, then by dataset group and dataset, or by replica and association.</summary>
    public IReadOnlyList<WorkerPlan> Workers { get; } = workers;

    /// <summary>The worker of this name, or null.</summary>
    public WorkerPlan? Find(WorkerId id) => byId.Value.GetValueOrDefault(id);

    /// <summary>The top of a federated job; in one without a server the first of its equals; null where there is none.</summary>
    public WorkerPlan? Top => Workers.FirstOrDefault(IsTop);

    /// <summary>Whether a worker may tell how the job stands: it distributes, or sums with its equals, and fetches from nobody.</summary>
    public bool IsTop(WorkerPlan worker) =>
        Job.Graph.Channels.Any(channel => channel.Has(worker.Role, FunctionTags.Distribute) || channel.Has(worker.Role, FunctionTags.RingAllReduce)) && !Job.Graph.Channels.Any(channel => channel.Has(worker.Role, FunctionTags.Fetch));

    /// <summary>The servers that fetch from nobody: several where the job is several experiments side by side, none in one without a server.</summary>
    public IReadOnlyList<WorkerPlan> Servers => [.. Workers.Where(worker => IsTop(worker) && Distributes(worker))];

    /// <summary>A server and all who get its models, from it or from those between.</summary>
    public IReadOnlySet<WorkerId> Experiment(WorkerPlan server)
    {
        var known = new HashSet<WorkerId> { server.Id };
        var open = new Queue<WorkerPlan>([server]);
        while (open.TryDequeue(out var upper))
        {
            foreach (var channel in Job.Graph.Channels.Where(channel => channel.Has(upper.Role, FunctionTags.Distribute)))
            {
                foreach (var lower in Members(channel.Name, upper.Groups[channel.Name], channel.OtherThan(upper.Role)).Where(lower => known.Add(lower.Id)))
                {
                    open.Enqueue(lower);
                }
            }
        }

        return known;
    }

    /// <summary>Workers of <paramref name="role"/> in one group of a channel, in plan order. The first call indexes the whole plan; every call then is a look-up.</summary>
    public IReadOnlyList<WorkerPlan> Members(ChannelName channel, GroupName group, RoleName role) =>
        byGroup.Value.TryGetValue((channel, group, role), out var members) ? members : [];

    private bool Distributes(WorkerPlan worker) => Job.Graph.Channels.Any(channel => channel.Has(worker.Role, FunctionTags.Distribute));

    private static Dictionary<(ChannelName, GroupName, RoleName), List<WorkerPlan>> IndexGroups(IReadOnlyList<WorkerPlan> workers)
    {
        var index = new Dictionary<(ChannelName, GroupName, RoleName), List<WorkerPlan>>();
        foreach (var worker in workers)
        {
            foreach (var (channel, group) in worker.Groups)
            {
                ref var members = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(index, (channel, group, worker.Role), out _);
                (members ??= []).Add(worker);
            }
        }

        return index;
    }
}
