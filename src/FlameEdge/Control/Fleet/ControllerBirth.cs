namespace FlameEdge.Control.Fleet;

/// <summary>What a controller says of itself, retained under <c>fleet/{controller}/birth</c>, before it writes anything else: others see the epoch it claims.</summary>
public sealed record ControllerBirth
{
    /// <summary>Its name, also its MQTT user. No agent's birth has this key.</summary>
    public required string Controller { get; init; }

    /// <summary>The epoch it claims. Of two the higher is obeyed; of two that are equal the one with the greater name, then session, stays.</summary>
    public required long Epoch { get; init; }

    /// <summary>Which run of it speaks.</summary>
    public required string Session { get; init; }

    /// <summary>The program and its version.</summary>
    public string? Version { get; init; }
}
