namespace FlameEdge.Control.Fleet;

/// <summary>What an operator asks of the controllers, posted under <c>fleet/{operator}/event</c>.</summary>
public sealed record FleetQuestion
{
    /// <summary><c>listing</c>: tell the names you know, as <see cref="FleetListing"/> has them.</summary>
    public required string Ask { get; init; }
}
