using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>What an agent is: measured, configured, and changed from afar. Replaced as a whole.</summary>
public sealed record AgentFacts
{
    /// <summary>What it tells the fleet; the incarnation is counted by the agent itself.</summary>
    public required AgentBirth Birth { get; init; }

    /// <summary>Datasets on board by name, for jobs that only name them.</summary>
    public IReadOnlyDictionary<DatasetId, DatasetSpec> Datasets { get; init; } = new Dictionary<DatasetId, DatasetSpec>();

    /// <summary>Datasets that are collected here while the agent runs, for jobs that only name them.</summary>
    public IReadOnlySet<DatasetId> Collected { get; init; } = new HashSet<DatasetId>();

    /// <summary>What became of the configuration it was given; null for none.</summary>
    public ConfigReport? Config { get; init; }
}
