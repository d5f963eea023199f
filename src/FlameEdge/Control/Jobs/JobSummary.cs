namespace FlameEdge.Control.Jobs;

/// <summary>What a job is, in brief, posted retained under <c>job/{job}/{controller}/spec</c>.</summary>
public sealed record JobSummary
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>The name as its author wrote it.</summary>
    public required string Title { get; init; }

    /// <summary>Which submission.</summary>
    public required string Generation { get; init; }

    /// <summary>Rounds it wants.</summary>
    public int Rounds { get; init; }

    /// <summary>Workers by role.</summary>
    public required IReadOnlyDictionary<string, int> Workers { get; init; }

    /// <summary>SHA-256 of the newest <see cref="JobDocument"/>; null until there is one.</summary>
    public string? Document { get; init; }

    /// <summary>Counts the documents of this submission.</summary>
    public int Revision { get; init; }

    /// <summary>SHA-256 of the last checkpoint the controller keeps; null for none.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The round of that checkpoint.</summary>
    public int? CheckpointRound { get; init; }
}
