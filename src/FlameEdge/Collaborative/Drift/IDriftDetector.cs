namespace FlameEdge.Collaborative.Drift;

/// <summary>Watches a stream of errors and says when it has changed.</summary>
/// <remarks>Not thread-safe; deterministic. One detector per stream.</remarks>
public interface IDriftDetector
{
    /// <summary>Takes the next value: 1 for an error, 0 for none, or any measure that grows with trouble. True where it fires on this value.</summary>
    bool Add(double value);
}
