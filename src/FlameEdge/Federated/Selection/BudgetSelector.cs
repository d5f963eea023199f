namespace FlameEdge.Federated.Selection;

/// <summary>As many clients as a round's budget pays for: those that waited longest first, among them those with the most samples per cost.</summary>
/// <remarks>A client dearer than what is left is passed over, not the end of the choice; having waited longest, it comes first in the next round.</remarks>
public sealed class BudgetSelector : ISelector
{
    private readonly double budget;

    /// <param name="budget">What the parts of one round may cost together, in the unit of <see cref="Candidate.Cost"/>; above 0.</param>
    public BudgetSelector(double budget)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budget);
        this.budget = budget;
    }

    /// <inheritdoc/>
    public IReadOnlyList<Candidate> Select(int round, IReadOnlyList<Candidate> candidates)
    {
        var (chosen, left) = (new List<Candidate>(), this.budget);
        foreach (var candidate in Draw.ByName(candidates).OrderBy(candidate => candidate.LastRound ?? 0).ThenByDescending(candidate => candidate.Samples / candidate.Cost))
        {
            if (candidate.Cost <= left)
            {
                chosen.Add(candidate);
                left -= candidate.Cost;
            }
        }

        return chosen;
    }
}
