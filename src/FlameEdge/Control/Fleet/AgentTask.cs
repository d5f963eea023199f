using System.Text.Json.Serialization;

namespace FlameEdge.Control.Fleet;

/// <summary>The whole of what an agent should run, posted retained under <c>fleet/{agent}/task</c> by a controller; under 4 KiB.</summary>
public sealed record AgentTask
{
    /// <summary>Of two controllers the one with the higher epoch is obeyed.</summary>
    public required long Epoch { get; init; }

    /// <summary>Who says so: the agent name of the controller, where the jobs' <c>spec</c> channels are served.</summary>
    public required string Controller { get; init; }

    /// <summary>Counts this controller's tasks for this agent.</summary>
    public required long Revision { get; init; }

    /// <summary>Jobs with work here.</summary>
    public IReadOnlyList<TaskJob> Jobs { get; init => field = value ?? []; } = [];

    /// <summary>True where no new work will come: the agent finishes what it has.</summary>
    public bool IsDraining { get; init; }
}

/// <summary>A job's part of an agent's task.</summary>
public sealed record TaskJob
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>Which submission of it: 12 hex digits.</summary>
    public required string Generation { get; init; }

    /// <summary>SHA-256 of the job's document (<see cref="Jobs.JobDocument"/>), to be fetched on the <c>spec</c> channel.</summary>
    public required string Document { get; init; }

    /// <summary>What its workers should do.</summary>
    public required DesiredWork Desired { get; init; }

    /// <summary>Without word from the broker, the <see cref="Leased"/> workers have stopped before so long.</summary>
    public required double LeaseSeconds { get; init; }

    /// <summary>The workers, each with its attempt.</summary>
    public required IReadOnlyDictionary<string, int> Workers { get; init; }

    /// <summary>Those of them that may be given to another agent when this one is lost. A controller moves no other, and none that was listed here later than placed before its agent has confirmed that task (<see cref="AgentState.Revision"/>).</summary>
    public IReadOnlyList<string> Leased { get; init => field = value ?? []; } = [];

    /// <summary>SHA-256 of checkpoints to start from, by worker; only for workers that left one elsewhere.</summary>
    public IReadOnlyDictionary<string, string>? Checkpoints { get; init; }
}

/// <summary>What workers should do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DesiredWork>))]
public enum DesiredWork
{
    /// <summary>Run, and go on where they stopped.</summary>
    [JsonStringEnumMemberName("run")]
    Run,

    /// <summary>Stop and keep their state.</summary>
    [JsonStringEnumMemberName("pause")]
    Pause,
}
