using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Tests.Security;

/// <summary>Jobs for which rights are made out.</summary>
internal static class AccessJobs
{
    private static readonly ChannelName Param = new("param");
    private static readonly RoleName Trainer = new("trainer");
    private static readonly RoleName Aggregator = new("aggregator");

    /// <summary>Two trainers with data of their own, and an aggregator that stays on <c>top</c>.</summary>
    public static JobPlan Mine { get; } = Of("mine", aggregatorOn: "top");

    /// <summary>The same with an aggregator that may run anywhere.</summary>
    public static JobPlan Movable { get; } = Of("movable", aggregatorOn: null);

    private static JobPlan Of(string name, string? aggregatorOn) => new(
        new JobSpec
        {
            Name = new JobId(name),
            Title = name,
            Graph = new TopologyGraph
            {
                Roles = [Role(Trainer), Role(Aggregator)],
                Channels = [new ChannelSpec { Name = Param, Pair = (Trainer, Aggregator), Groups = [GroupName.Default], FunctionTags = new Dictionary<RoleName, IReadOnlyList<string>>() }],
            },
            Datasets = new Dictionary<DatasetId, DatasetSpec>(),
        },
        [Worker(Trainer, 0, "attacker"), Worker(Trainer, 1, "victim"), Worker(Aggregator, 0, aggregatorOn)]);

    private static RoleSpec Role(RoleName name) => new() { Name = name, Program = name.Value, GroupAssociation = [] };

    private static WorkerPlan Worker(RoleName role, int index, string? agent) => new()
    {
        Id = WorkerId.Of(role, index),
        Role = role,
        Agent = agent is null ? null : new AgentId(agent),
        Groups = new Dictionary<ChannelName, GroupName> { [Param] = GroupName.Default },
    };
}
