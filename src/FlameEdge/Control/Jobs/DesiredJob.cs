using System.Text.Json;

namespace FlameEdge.Control.Jobs;

/// <summary>What an operator wants of a job: the payload of <c>job/{job}/{operator}/desired</c>. A payload that has the key <c>job</c> and none of these is a job file's text, and means
/// <c>running</c>.</summary>
public sealed record DesiredJob
{
    /// <summary><c>running</c>, <c>paused</c>, <c>stopped</c> or <c>deleted</c>.</summary>
    public required string State { get; init; }

    /// <summary>The job file as JSON, for a submission; null to keep the text it has.</summary>
    public JsonElement? Text { get; init; }

    /// <summary>Files the text names, by SHA-256: the operator serves them on the <c>spec</c> channel as <c>{operator}_0</c>.</summary>
    public IReadOnlyDictionary<string, string>? Files { get; init; }

    /// <summary>The request's own identity: sent twice it is acted on once; <see cref="JobStatus.Request"/> repeats it.</summary>
    public string? Request { get; init; }
}
