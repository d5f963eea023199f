using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Control.Fleet;

namespace FlameEdge.Control.Jobs;

/// <summary>All a controller must remember of a job. It is durable before anybody is told of what it says.</summary>
internal sealed class JobRecord
{
    public required string Job { get; set; }

    public required string Generation { get; set; }

    /// <summary>The last request acted on.</summary>
    public string? Request { get; set; }

    /// <summary>The job as it was submitted.</summary>
    public required JsonElement Text { get; set; }

    public Dictionary<string, string> Files { get; set; } = new(StringComparer.Ordinal);

    public DateTimeOffset Submitted { get; set; }

    public JobWish Wish { get; set; }

    /// <summary>How it ended; null while it goes on.</summary>
    public JobPhase? Outcome { get; set; }

    public DateTimeOffset? OverSince { get; set; }

    /// <summary>The phase last told.</summary>
    public JobPhase Phase { get; set; }

    public string? Reason { get; set; }

    /// <summary>Datasets on board that its patterns stand for so far.</summary>
    public List<DatasetOnBoard> OnBoard { get; set; } = [];

    /// <summary>SHA-256 of the newest document; null before the first.</summary>
    public string? Document { get; set; }

    public int Revision { get; set; }

    public List<WorkerRecord> Workers { get; set; } = [];

    /// <summary>The next index of each role; names are never given twice.</summary>
    public Dictionary<string, int> NextIndex { get; set; } = new(StringComparer.Ordinal);

    /// <summary>True once all workers have run.</summary>
    public bool HasRun { get; set; }

    /// <summary>The last two checkpoints, the newest first.</summary>
    public List<CheckpointNote> Checkpoints { get; set; } = [];

    public int Round { get; set; }

    public double? Accuracy { get; set; }
}

/// <summary>What the operator wants of a job.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobWish>))]
internal enum JobWish
{
    Run,
    Pause,
    Stop,
    Delete,
}

/// <summary>JSON of what a controller remembers, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobRecord))]
[JsonSerializable(typeof(ControllerMemory))]
[JsonSerializable(typeof(TopNote))]
internal sealed partial class ControllerJson : JsonSerializerContext;

/// <summary>What a controller remembers of itself.</summary>
internal sealed record ControllerMemory(long Epoch, IReadOnlyList<string> Draining);

/// <summary>What the controller reads of the notices of a job's top aggregator.</summary>
internal sealed record TopNote(string? State, int? Round, double? Accuracy, string? Reason);
