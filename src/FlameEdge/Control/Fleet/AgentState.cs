using System.Text.Json.Serialization;

namespace FlameEdge.Control.Fleet;

/// <summary>How an agent is, posted retained under <c>fleet/{agent}/state</c> at every change.</summary>
public sealed record AgentState
{
    /// <summary>The agent.</summary>
    public required string Agent { get; init; }

    /// <summary>Which run of it speaks.</summary>
    public required long Incarnation { get; init; }

    /// <summary>In one word.</summary>
    public required AgentCondition State { get; init; }

    /// <summary>Why it is so, for people: what sleeps, what is alarming.</summary>
    public string? Reason { get; init; }

    /// <summary>The epoch of the controller it obeys; 0 for none yet.</summary>
    public long Epoch { get; init; }

    /// <summary>The revision of the task it last acted on; 0 for none yet.</summary>
    public long Revision { get; init; }

    /// <summary>Its work, as much as fits; the phase that most of it is in comes last.</summary>
    public IReadOnlyList<WorkReport> Work { get; init => field = value ?? []; } = [];

    /// <summary>Number of workers by phase, where not all fit. Where only one phase has more than are listed, all that is not listed is in that one.</summary>
    public IReadOnlyDictionary<string, int>? WorkCount { get; init; }

    /// <summary>The configuration it keeps to.</summary>
    public ConfigReport? Config { get; init; }

    /// <summary>Bytes over the broker today, both ways.</summary>
    public long BytesToday { get; init; }
}

/// <summary>An agent's condition.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AgentCondition>))]
public enum AgentCondition
{
    /// <summary>It starts.</summary>
    [JsonStringEnumMemberName("init")]
    Init,

    /// <summary>It waits for work.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>It works.</summary>
    [JsonStringEnumMemberName("busy")]
    Busy,

    /// <summary>It has work that waits for a training window, for power or to cool down.</summary>
    [JsonStringEnumMemberName("sleeping")]
    Sleeping,

    /// <summary>It has said good-bye.</summary>
    [JsonStringEnumMemberName("disconnected")]
    Disconnected,

    /// <summary>Its connection broke. Never posted: read from its life sign (<c>alive</c>).</summary>
    [JsonStringEnumMemberName("lost")]
    Lost,

    /// <summary>It needs a person; the reason says why.</summary>
    [JsonStringEnumMemberName("alert")]
    Alert,
}

/// <summary>How one worker is.</summary>
public sealed record WorkReport
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>Which submission of it.</summary>
    public required string Generation { get; init; }

    /// <summary>The worker.</summary>
    public required string Worker { get; init; }

    /// <summary>Which placement of it.</summary>
    public required int Attempt { get; init; }

    /// <summary>In one word.</summary>
    public required WorkPhase Phase { get; init; }

    /// <summary>Why, for people; at most 200 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>The last round it completed; null for none.</summary>
    public int? Round { get; init; }
}

/// <summary>A worker's phase on its agent.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkPhase>))]
public enum WorkPhase
{
    /// <summary>The agent has it in its task and prepares it: fetches the job, checks limits.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>It runs.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It is held back for now (data, window, temperature, budget); it starts by itself.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>It was stopped on demand and keeps its state.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>Its job is over.</summary>
    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>It ended with an error; the controller decides whether it is tried again.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>It cannot run here; the reason names the limit and the figure that is short.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,
}

/// <summary>What became of the configuration an agent was given.</summary>
/// <param name="Hash">SHA-256 of the <c>config</c> payload it acted on, the first 16 hex digits; empty where none is posted.</param>
/// <param name="Refused">Every key that was not applied, with the reason.</param>
/// <param name="NeedsRestart">Keys that take effect at the next start.</param>
public sealed record ConfigReport(string Hash, IReadOnlyList<RefusedKey> Refused, IReadOnlyList<string> NeedsRestart);

/// <summary>A configuration key that was not applied.</summary>
public sealed record RefusedKey(string Key, string Why);
