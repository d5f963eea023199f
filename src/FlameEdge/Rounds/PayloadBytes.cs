namespace FlameEdge.Rounds;

/// <summary>Bytes of parameters that moved in one direction of a round, without the messages around them.</summary>
/// <param name="Before">As float32.</param>
/// <param name="After">As the channel's codec wrote them.</param>
public sealed record PayloadBytes(long Before, long After)
{
    /// <summary>Both with those of another payload.</summary>
    public PayloadBytes Plus(long before, long after) => new(Before + before, After + after);
}
