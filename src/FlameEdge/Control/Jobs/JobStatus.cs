using System.Text.Json.Serialization;

namespace FlameEdge.Control.Jobs;

/// <summary>How a job stands, posted retained under <c>job/{job}/{controller}/state</c>.</summary>
public sealed record JobStatus
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>Which submission of it.</summary>
    public required string Generation { get; init; }

    /// <summary>In one word.</summary>
    public required JobPhase State { get; init; }

    /// <summary>Why, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>The last committed round.</summary>
    public int Round { get; init; }

    /// <summary>Rounds the job wants.</summary>
    public int Rounds { get; init; }

    /// <summary>Accuracy after that round, in [0, 1]; null where nobody measures it.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Workers by phase; <c>unplaced</c> for those that no agent has yet.</summary>
    public IReadOnlyDictionary<string, int> Workers { get; init => field = value ?? new Dictionary<string, int>(StringComparer.Ordinal); } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Who says so.</summary>
    public required string Controller { get; init; }

    /// <summary>Its epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The identity of the last request acted on, as the operator gave it.</summary>
    public string? Request { get; init; }

    /// <summary>Why that request was refused; null where it was not.</summary>
    public string? Refusal { get; init; }
}

/// <summary>The phases of a job.</summary>
/// <remarks><c>submitted → deploying → running → completed</c>; <c>waiting</c> while agents or data are missing; <c>paused</c> and <c>stopping → stopped</c> on demand;
/// <c>failed</c> by its own rules or after its retries; <c>refused</c> where it cannot work as written or nobody can run it.</remarks>
[JsonConverter(typeof(JsonStringEnumConverter<JobPhase>))]
public enum JobPhase
{
    /// <summary>Accepted and durable.</summary>
    [JsonStringEnumMemberName("submitted")]
    Submitted,

    /// <summary>Some workers have no agent yet; the reason says which and why.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>Tasks are posted, not all workers run yet.</summary>
    [JsonStringEnumMemberName("deploying")]
    Deploying,

    /// <summary>All workers run, or ran.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Stopped on demand, to be resumed.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>Being stopped.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>Stopped for good; the last checkpoint is kept.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>Done.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,

    /// <summary>Given up; the reason says why.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Never started: it cannot work as written, or no agent can run it.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}
