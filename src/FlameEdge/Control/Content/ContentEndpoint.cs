using FlameEdge.Channels;
using FlameEdge.Topology;

namespace FlameEdge.Control.Content;

/// <summary>The ends of a job's <c>spec</c> channel: the controller's, which meets one worker per agent, and an agent's, which meets the controller. An operator who submits files takes an agent's end.</summary>
public static class ContentEndpoint
{
    /// <summary>The channel's name; reserved, so that no job has one of its own of that name.</summary>
    public static readonly ChannelName Channel = new("spec");

    private static readonly RoleName Controllers = new("controller");
    private static readonly RoleName Agents = new("agent");

    /// <summary>The controller's worker.</summary>
    public static WorkerId Controller { get; } = WorkerId.Of(Controllers, 0);

    /// <summary>An agent's worker.</summary>
    public static WorkerId WorkerOf(AgentId agent) => new($"{agent.Value}_0");

    /// <summary>The controller's end.</summary>
    public static ChannelEndpoint OfController(JobId job, AgentId controller, IEnumerable<AgentId> agents, long incarnation) =>
        End(job, Controller, controller, Controllers, Agents, agents.ToDictionary(WorkerOf, agent => agent), incarnation);

    /// <summary>An agent's end.</summary>
    public static ChannelEndpoint OfAgent(JobId job, AgentId agent, AgentId controller, long incarnation) =>
        End(job, WorkerOf(agent), agent, Agents, Controllers, new Dictionary<WorkerId, AgentId> { [Controller] = controller }, incarnation);

    private static ChannelEndpoint End(JobId job, WorkerId self, AgentId at, RoleName role, RoleName other, Dictionary<WorkerId, AgentId> placement, long incarnation) => new()
    {
        Job = job,
        Channel = Channel,
        Group = GroupName.Default,
        Self = self,
        Agent = at,
        Role = role,
        OtherRole = other,
        Placement = placement,
        Incarnation = incarnation,
    };
}
