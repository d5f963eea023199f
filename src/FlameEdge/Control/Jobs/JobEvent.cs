namespace FlameEdge.Control.Jobs;

/// <summary>Something that happened to a job, posted once under <c>job/{job}/{controller}/event</c>.</summary>
public sealed record JobEvent
{
    /// <summary><c>phase</c>, <c>place</c>, <c>move</c>, <c>retry</c>, <c>leave</c> or <c>refused</c>.</summary>
    public required string Event { get; init; }

    /// <summary>Which submission; null for one that was refused.</summary>
    public string? Generation { get; init; }

    /// <summary>The phase that began.</summary>
    public JobPhase? State { get; init; }

    /// <summary>The worker it happened to.</summary>
    public string? Worker { get; init; }

    /// <summary>The agent it was on.</summary>
    public string? From { get; init; }

    /// <summary>The agent it is on from now on.</summary>
    public string? To { get; init; }

    /// <summary>Which placement of the worker this is.</summary>
    public int? Attempt { get; init; }

    /// <summary>Why, for people.</summary>
    public string? Why { get; init; }

    /// <summary>The request it answers, as the operator named it.</summary>
    public string? Request { get; init; }
}
