namespace FlameEdge.Federated.Selection;

/// <summary>What Oort would draw from in a round.</summary>
/// <param name="Utilities">Util(i) of every client that may be exploited.</param>
/// <param name="CutOffUtility">Only larger utilities are drawn from; null where nobody is exploited.</param>
/// <param name="Exploited">Those drawn from, the best first, in proportion to utility.</param>
/// <param name="ExploitCount">How many of them.</param>
/// <param name="Unexplored">Those nothing is known of, in proportion to speed.</param>
/// <param name="ExploreCount">How many of them.</param>
public sealed record OortPlan(
    IReadOnlyDictionary<Candidate, double> Utilities, double? CutOffUtility, IReadOnlyList<Candidate> Exploited, int ExploitCount, IReadOnlyList<Candidate> Unexplored, int ExploreCount);
