namespace FlameEdge.Federated.Ring;

/// <summary>A stretch [From, To) of the model's flat values.</summary>
public readonly record struct RingRange(int From, int To)
{
    /// <summary>Number of values; 0 where there are fewer values than members.</summary>
    public int Length => To - From;
}
