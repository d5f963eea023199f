namespace FlameEdge.Federated.Selection;

/// <summary>Everybody present, by name.</summary>
public sealed class AllSelector : ISelector
{
    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates) => Draw.ByName(candidates);
}
