namespace FlameEdge.Control.Fleet;

/// <summary>What an operator wants of a controller, retained under <c>fleet/{controller}/config</c>.</summary>
public sealed record ControllerConfig
{
    /// <summary>Agents that get no new work and finish what they have.</summary>
    public IReadOnlyList<string> Draining { get; init => field = value ?? []; } = [];
}
