using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Hosting.Agents;

/// <summary>What a worker should do, as its job knows it at present.</summary>
internal sealed record WorkOrder
{
    /// <summary>Run or pause.</summary>
    public required DesiredWork Desired { get; init; }

    /// <summary>SHA-256 of the checkpoint to start from; null for none.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The job; null while it is not there.</summary>
    public JobPlan? Plan { get; init; }

    /// <summary>What the job may read here; there where the plan is.</summary>
    public DataAccess? Data { get; init; }

    /// <summary>Why there is no plan.</summary>
    public string? Trouble { get; init; }

    /// <summary>True where waiting does not make a plan of it.</summary>
    public bool IsRefused { get; init; }
}
