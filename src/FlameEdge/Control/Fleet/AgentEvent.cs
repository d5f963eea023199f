namespace FlameEdge.Control.Fleet;

/// <summary>Something that happened on an agent, once: a line of a worker's log under <c>job/{job}/{agent}/event</c>, a refused task under <c>fleet/{agent}/event</c>.</summary>
public sealed record AgentEvent
{
    /// <summary><c>log</c>, <c>dropped</c> (lines that were too many; <see cref="Count"/> says how many) or <c>refused</c>.</summary>
    public required string Event { get; init; }

    /// <summary>The worker that spoke.</summary>
    public string? Worker { get; init; }

    /// <summary><c>information</c>, <c>warning</c>, <c>error</c> or <c>critical</c>.</summary>
    public string? Level { get; init; }

    /// <summary>What happened, for people; at most 500 characters.</summary>
    public string? Text { get; init; }

    /// <summary>How many.</summary>
    public int? Count { get; init; }
}
