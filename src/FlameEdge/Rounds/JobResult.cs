using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Diagnostics;

namespace FlameEdge.Rounds;

/// <summary>The record of a job's run, as <c>result.json</c> holds it.</summary>
public sealed record JobResult
{
    /// <summary>The job's name in topics.</summary>
    public required string Job { get; init; }

    /// <summary>The job's name as its author wrote it.</summary>
    public required string Title { get; init; }

    /// <summary><c>completed</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Reason { get; init; }

    /// <summary>What computed it: framework, engine, instruction set. Bits are promised for the same only.</summary>
    public required string Runtime { get; init; }

    /// <summary>The aggregator whose experiment this is; null where the job is one.</summary>
    public string? Server { get; init; }

    /// <summary>Workers of the plan, or of the experiment.</summary>
    public required int Workers { get; init; }

    /// <summary>SHA-256 of the final model's values.</summary>
    public required string Model { get; init; }

    /// <summary>Every round, in order.</summary>
    public required IReadOnlyList<RoundResult> Rounds { get; init; }

    /// <summary>Reads a result file.</summary>
    /// <exception cref="DatasetException">The file is missing or is no result.</exception>
    public static JobResult Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RoundsJson.Default.JobResult) is { } result && result.IsWhole()
                ? result
                : throw new JsonException("rounds or verdicts are missing, or a round stands there twice.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new DatasetException($"{path} is not a result of a run: {error.Message.ReplaceLineEndings(" ")} Give the result.json of a former run.", error);
        }
    }

    private bool IsWhole() =>
        Rounds.All(round => round?.Verdicts.All(verdict => verdict is not null) == true) && Rounds.Select(round => round.Round).Distinct().Count() == Rounds.Count;
}

/// <summary>JSON of results, generated ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(JobResult))]
[JsonSerializable(typeof(IReadOnlyList<JobResult>))]
[JsonSerializable(typeof(RoundResult))]
[JsonSerializable(typeof(IReadOnlyList<WorkerVerdict>))]
public sealed partial class RoundsJson : JsonSerializerContext;
