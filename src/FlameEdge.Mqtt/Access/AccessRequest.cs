using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Access;

/// <summary>For whom rights are to be made out.</summary>
public sealed record AccessRequest
{
    /// <summary>The first level of every topic.</summary>
    public string Prefix { get; init; } = "flameedge";

    /// <summary>The agents that may run any part of the jobs: those eligible, not those chosen, so that moving a worker changes nothing at the broker.</summary>
    public required IReadOnlyList<AgentId> Agents { get; init; }

    /// <summary>Who hands out work.</summary>
    public IReadOnlyList<AgentId> Controllers { get; init; } = [];

    /// <summary>Who submits jobs and configures agents.</summary>
    public IReadOnlyList<AgentId> Operators { get; init; } = [];

    /// <summary>The jobs whose channels the agents may read.</summary>
    public IReadOnlyList<JobPlan> Jobs { get; init; } = [];

    /// <summary>Lets agents read the channels of whatever job is submitted later. Each may then read what others of the fleet send; it still writes under its own name alone.</summary>
    public bool AnyJob { get; init; }

    /// <summary>Topics agents learn from, with <c>%u</c> for the agent's own name.</summary>
    public IReadOnlyList<string> Telemetry { get; init; } = [];
}
