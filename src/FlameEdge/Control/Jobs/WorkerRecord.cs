using System.Text.Json.Serialization;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Jobs;

/// <summary>A worker as the controller remembers it. Its name never changes, wherever it goes.</summary>
internal sealed class WorkerRecord
{
    private RoleName? role;

    public required string Id { get; set; }

    /// <summary>The role its name begins with.</summary>
    [JsonIgnore]
    public RoleName Role => role ??= new(Id[..Math.Max(0, Id.LastIndexOf('_'))]);

    public string? Dataset { get; set; }

    public Dictionary<string, string> Groups { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Where it is; null where it has no place yet.</summary>
    public string? Agent { get; set; }

    /// <summary>Which placement this is; 0 before the first.</summary>
    public int Attempt { get; set; }

    /// <summary>The longest lease, in seconds, under which its agent may hold this placement; null where it is not leased and stays where it is.</summary>
    public double? LeaseSeconds { get; set; }

    /// <summary>True where its agent stops this placement by itself when it is lost, so that the worker may be moved: it was leased from its beginning, or the agent has
    /// confirmed a task that lists it as leased.</summary>
    public bool IsLeaseSure { get; set; }

    /// <summary>How often it has failed.</summary>
    public int Failures { get; set; }

    /// <summary>When it is tried again; null where it is not held back.</summary>
    public DateTimeOffset? RetryAt { get; set; }

    /// <summary>SHA-256 of the checkpoint this placement starts from; null for none.</summary>
    public string? Checkpoint { get; set; }

    /// <summary>Agents that have refused it, with what they said.</summary>
    public Dictionary<string, string> Refused { get; set; } = new(StringComparer.Ordinal);

    /// <summary>What its agent last said of this placement.</summary>
    public WorkPhase? Phase { get; set; }

    /// <summary>Why it is so, or why it has no place.</summary>
    public string? Why { get; set; }

    public WorkerPlan ToPlan() => new PlacedWorker(Id, Agent ?? "", Dataset, Groups, Attempt).ToPlan();
}
