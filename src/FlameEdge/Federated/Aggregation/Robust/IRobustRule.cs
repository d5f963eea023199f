namespace FlameEdge.Federated.Aggregation.Robust;

/// <summary>A mean that some of the updates cannot bend: what takes the place of the plain mean of a round.</summary>
/// <remarks>Memory is one tile of values per update, however long they are. Stateless and thread-safe.</remarks>
public interface IRobustRule
{
    /// <summary>The fewest updates the rule is defined for; with fewer the round has no result.</summary>
    int MinimumCount { get; }

    /// <summary>Writes the round's change; <paramref name="result"/> has the length of a row.</summary>
    /// <exception cref="ArgumentException">There are fewer updates than <see cref="MinimumCount"/>, a length differs, or a value is not finite.</exception>
    void Aggregate(IUpdateRows rows, Span<float> result);
}
