namespace FlameEdge.Federated.Selection;

/// <summary>Chooses who takes part in a round.</summary>
/// <remarks>
/// The choice depends on the seed, the round and what is known of the candidates, never on the order they are listed in: a repeated round chooses the same clients.
/// Not thread-safe.
/// </remarks>
public interface ISelector
{
    /// <summary>The chosen ones of those present, in the order they were chosen; empty where nobody is to be chosen now.</summary>
    /// <param name="round">From 1.</param>
    /// <param name="candidates">Each worker once.</param>
    IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates);
}
